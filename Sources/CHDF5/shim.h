#pragma once

#include </usr/include/hdf5/serial/hdf5.h>

// Constants of the library are macros over variables that it fills when it is opened.
static inline hid_t hdf5_default(void) { return H5P_DEFAULT; }
static inline hid_t hdf5_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t hdf5_uint64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t hdf5_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t hdf5_c_string(void) { return H5T_C_S1; }
static inline hid_t hdf5_create(const char *path) {
  return H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
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
