import Base
import Foundation

/// The recipe's file, and the folder of its lists beside it.
struct NewRecipeFiles {
    private let recipe: String
    /// The folder that holds the recipe.
    let folder: String
    /// The name of the lists' folder in there.
    let listName: String

    var listFolder: String { folder == "." ? listName : "\(folder)/\(listName)" }

    /// - Throws: `CommandError` if the recipe, or the lists' folder, is there, or the recipe's folder is
    ///   not.
    init(_ path: String) throws {
        recipe = path
        let url = URL(fileURLWithPath: path)
        folder = path.contains("/") ? url.deletingLastPathComponent().path : "."
        listName = "\(url.deletingPathExtension().lastPathComponent)-lists"
        guard FileKind.isMissing(path) else {
            throw CommandError("\(path): is there already; choose another --out, or remove it")
        }
        guard FileKind.isMissing(listFolder) else {
            throw CommandError(
                "\(listFolder): is there already, where the lists of \(path) would be; choose "
                    + "another --out, or remove it")
        }
        guard access(folder, W_OK) == 0 else {
            throw CommandError(SystemFailure("\(folder): cannot be written").description)
        }
    }

    /// A path of the command line as a recipe in that folder says it.
    func pathFromRecipe(_ path: String) -> String {
        guard folder != ".", !path.hasPrefix("/") else { return path }
        return "\(FileManager.default.currentDirectoryPath)/\(path)"
    }

    /// Writes lists and recipe, the recipe last; where that fails, nothing is left.
    func write(recipe text: String, lists: [(name: String, text: [UInt8])]) throws {
        do {
            if !lists.isEmpty {
                guard mkdir(listFolder, 0o777) == 0 else {
                    throw SystemFailure("\(listFolder): cannot create")
                }
            }
            for list in lists {
                try AtomicFile.write(Data(list.text), to: "\(listFolder)/\(list.name)")
            }
            try AtomicFile.write(Data(text.utf8), to: recipe)
        } catch {
            for list in lists { unlink("\(listFolder)/\(list.name)") }
            if !lists.isEmpty { rmdir(listFolder) }
            throw error
        }
    }
}
