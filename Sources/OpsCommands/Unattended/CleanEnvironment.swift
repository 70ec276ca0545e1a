import Glibc
import OpsSystem

/// The environment of `--clean-env`: the same from a terminal at noon and from cron at three in the morning.
enum CleanEnvironment {
    /// Of the caller's environment `HOME`, `LOGNAME` and `TZ` are kept, and ops's own variables; `SHELL`, `PATH` and
    /// `LANG` have fixed values.
    static func of(_ environment: [String: String]) -> [String: String] {
        var clean = environment.filter { name, _ in
            name == "HOME" || name == "LOGNAME" || name == "TZ" || name.hasPrefix("OPS_")
        }
        clean["SHELL"] = "/bin/sh"
        clean["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        clean["LANG"] = "C.UTF-8"
        if clean["HOME"] == nil || clean["LOGNAME"] == nil, let account = getpwuid(getuid()) {
            clean["HOME"] = clean["HOME"] ?? String(cString: account.pointee.pw_dir)
            clean["LOGNAME"] = clean["LOGNAME"] ?? String(cString: account.pointee.pw_name)
        }
        return clean
    }
}
