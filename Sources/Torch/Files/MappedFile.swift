import Base
import Glibc

/// A file mapped for reading; unmapped with the object.
///
/// It must not be shortened while it is open: reading a mapping past the end of its file ends the
/// process.
final class MappedFile {
    let bytes: UnsafeRawBufferPointer

    init(path: String) throws(WeightsProblem) {
        let descriptor: Int32
        do { descriptor = try RegularFile.open(path) } catch {
            throw WeightsProblem(message: error.description, code: error.code)
        }
        // The mapping outlives the descriptor.
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw WeightsProblem(message: errnoText(errno), code: errno)
        }
        let size = Int(status.st_size)
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
            address != MAP_FAILED
        else {
            guard errno == ENOMEM else {
                throw WeightsProblem(message: errnoText(errno), code: errno)
            }
            throw WeightsProblem(message: "no memory for its \(size) bytes", code: ENOMEM)
        }
        bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit {
        if let address = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: address), bytes.count)
        }
    }
}
