#if !canImport(CryptoKit)
    import Memoing

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #elseif canImport(Android)
        import Android
    #elseif canImport(Darwin)
        import Darwin
    #endif

    /// libsodium, loaded at run time: the one place that looks for its functions.
    @safe struct SodiumLibrary {
        /// What it is called, by version: Debian 12 has 23, Debian 13 has 23 too, others 26.
        static let names = ["libsodium.so.23", "libsodium.so.26", "libsodium.so"]
        /// The Debian package that brings it.
        static let package = "libsodium23"

        private typealias Initialize = @Sendable @convention(c) () -> Int32

        private let name: String
        // Never closed: the functions are used as long as the process lives.
        private let handle: UnsafeMutableRawPointer

        /// The first of `libraries` that can be loaded.
        init(_ libraries: [String]) throws(SignerError) {
            for library in libraries {
                guard let handle = unsafe dlopen(library, RTLD_NOW | RTLD_LOCAL) else { continue }
                name = library
                unsafe self.handle = handle
                return
            }
            throw .libraryMissing(looked: libraries, package: Self.package)
        }

        /// Makes it ready, once its functions are found.
        func start() throws(SignerError) {
            // 1 says that it had been called before.
            let code = try find("sodium_init", as: Initialize.self)()
            guard code >= 0 else { throw .failed(call: "sodium_init", code: Int(code)) }
        }

        /// The function `symbol`, whose type is that of `crypto_*.h`.
        func find<F>(_ symbol: String, as type: F.Type) throws(SignerError) -> F {
            guard let address = unsafe dlsym(handle, symbol) else {
                throw .symbolMissing(library: name, symbol: symbol)
            }
            return unsafe unsafeBitCast(address, to: type)
        }
    }
#endif
