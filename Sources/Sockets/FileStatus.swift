import CSockets

/// What stands at a path itself; links are not followed.
struct FileStatus: Hashable {
    var device: UInt64
    var inode: UInt64
    var mode: UInt32
    var owner: UInt32
    var isSocket: Bool
    var isDirectory: Bool
    var isLink: Bool

    /// The error number of asking, or the answer.
    static func of(_ path: String) -> Result<FileStatus, FileError> {
        var found = csk_status()
        let result = unsafe csk_status_of(path, &found)
        guard result >= 0 else { return .failure(FileError(code: -result)) }
        return .success(
            FileStatus(
                device: found.device, inode: found.inode, mode: found.mode, owner: found.owner,
                isSocket: found.is_socket != 0, isDirectory: found.is_directory != 0, isLink: found.is_link != 0))
    }

    private init(
        device: UInt64, inode: UInt64, mode: UInt32, owner: UInt32, isSocket: Bool, isDirectory: Bool, isLink: Bool
    ) {
        (self.device, self.inode, self.mode, self.owner) = (device, inode, mode, owner)
        (self.isSocket, self.isDirectory, self.isLink) = (isSocket, isDirectory, isLink)
    }

    /// What stands there, or nil.
    init?(_ path: String) {
        guard case .success(let status) = Self.of(path) else { return nil }
        self = status
    }

    /// The same file: device and inode.
    func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }
}

/// An error number of a file call.
struct FileError: Error, Hashable {
    var code: Int32
}
