import Loading

/// What a new recipe trains and validates on, and the lists that this takes.
struct StarterParts {
    /// A data set, or a list of some of its images.
    enum Part {
        case whole(ImageDataset)
        case list(ImageDataset, [Int])

        var images: Int {
            switch self {
            case .whole(let dataset): dataset.samples.count
            case .list(_, let images): images.count
            }
        }
    }

    let train: Part
    let val: Part
    /// The names of the lists' files with their contents, none where there is no list.
    let lists: [(name: String, text: [UInt8])]
    /// The paths as the recipe says them.
    let trainPath: String
    let valPath: String

    init(train: Part, val: Part, _ files: NewRecipeFiles) throws {
        self.train = train
        self.val = val
        var lists: [(name: String, text: [UInt8])] = []
        func path(_ part: Part, _ name: String) throws -> String {
            switch part {
            case .whole(let dataset): return files.pathFromRecipe(dataset.path)
            case .list(let dataset, let images):
                let text = try dataset.list(of: images, for: files.listFolder)
                if lists.isEmpty {
                    lists.append((ImageDataset.classNamesFile, try dataset.classNames()))
                }
                lists.append((name, text))
                return "\(files.listName)/\(name)"
            }
        }
        trainPath = try path(train, "train.txt")
        valPath = try path(val, "val.txt")
        self.lists = lists
    }
}
