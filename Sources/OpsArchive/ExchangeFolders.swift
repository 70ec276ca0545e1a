import CLibArchive
import Glibc
import OpsCore
import OpsSystem

/// Gives each of two folders the other's name, at once where the system can (renameat2(2)); else with an instant
/// in which the old one is there only under a hidden name.
///
/// Throws: an `OpsError`; then both have their names.
func exchangeFolders(_ staged: String, _ target: String) throws(OpsError) {
    let number = ops_archive_exchange(staged, target)
    if number == 0 { return }
    guard number == ENOSYS || number == EINVAL else { throw .system("replace", target, number) }
    let aside = staged + "-old"
    guard rename(target, aside) == 0 else { throw .system("replace", target) }
    guard rename(staged, target) == 0 else {
        let number = errno
        rename(aside, target)
        throw .system("replace", target, number)
    }
    guard rename(aside, staged) == 0 else { throw .system("replace", aside) }
}
