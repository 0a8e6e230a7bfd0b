// cause.h: C and C++ memory by cause.
#ifdef __cplusplus
extern "C" {
#endif
void leak_by_malloc(int mib);
void leak_by_new(int mib);
void grow_by_realloc(int mib);
void leak_by_mmap(int mib);
void hold(int mib);
void free_but(int every);
void trim(void);
void free_in_arenas(int threads);
void leak_threads(int count);
void touch_file(const char *name, int mib);
#ifdef __cplusplus
}
#endif
