#pragma once

#include </usr/include/hdf5/serial/hdf5.h>

// Constants of the library are macros over variables that it fills when it is opened.
static inline hid_t hdf5_default(void) { return H5P_DEFAULT; }
static inline hid_t hdf5_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t hdf5_uint64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t hdf5_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t hdf5_c_string(void) { return H5T_C_S1; }
// A file in memory, which is never written; the name is for the library's own table.
static inline hid_t hdf5_create(void) {
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (access < 0) return access;
  hid_t file = H5Pset_fapl_core(access, 1 << 20, 0) < 0
      ? -1 : H5Fcreate("recording", H5F_ACC_TRUNC, H5P_DEFAULT, access);
  H5Pclose(access);
  return file;
}
// The size of the file where `image` is null, else its bytes as well.
static inline ssize_t hdf5_image(hid_t file, void *image, size_t size) {
  return H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 ? -1 : H5Fget_file_image(file, image, size);
}
static inline void hdf5_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }
static inline herr_t hdf5_variable_length(hid_t type) {
  herr_t size = H5Tset_size(type, H5T_VARIABLE);
  return size < 0 ? size : H5Tset_cset(type, H5T_CSET_UTF8);
}
static inline herr_t hdf5_write(hid_t set, hid_t type, const void *data) {
  return H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
}
static inline hid_t hdf5_scalar(void) { return H5Screate(H5S_SCALAR); }
