/// Which thread this is, linked by name since nothing here imports a C library.
@_silgen_name("pthread_self")
func currentThread() -> UInt
