/// Endings of files' names, in lower case, by what they promise; what a file is its content says.
enum FileEndings {
    /// Images.
    static let images: Set<String> = ["jpg", "jpeg", "png"]

    /// Images that cannot be read, in the order in which they are told.
    static let otherImages = [
        "webp", "bmp", "tif", "tiff", "gif", "heic", "heif", "avif", "jxl", "jp2", "j2k", "jfif",
        "jpe", "svg", "ppm", "pgm", "pbm", "pnm", "tga", "ico", "exr", "hdr", "dds", "psd", "dng",
        "cr2", "cr3", "nef", "arw", "raw",
    ]

    /// Archives that cannot be read at random.
    static let compressed: Set<String> = ["gz", "tgz", "bz2", "xz", "zst", "zip"]
}
