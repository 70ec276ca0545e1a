import ArgumentParser
import Testing

@testable import OpsCommands

/// The fast parser of `ops run` and ArgumentParser read the same line alike.
@Suite struct RunArgumentsTests {
    static let lines = [
        "", "build", "build test", "build version=1.0", "version=1.0 build", "a=b=c", "a=", "=x",
        "build --dry-run", "--dry-run build", "build -j 4", "build -j4", "-j4 build", "build --jobs 4",
        "build --jobs=4", "-f other.yaml build", "-fother.yaml build", "--file=other.yaml build",
        "build -C sub", "build --directory sub --color never", "--keep-going build --timeout 5m --grace=1s",
        "build --inputs values.yaml --yes", "build -y", "build -y -q -v", "build -yq", "build --stream raw",
        "build --log-format json --log-file out.jsonl", "build --stream=prefixed --log-format=github",
        "build --quiet --verbose", "build --jobs 1 --jobs 2", "build --yes --yes", "build -f a=b",
        "build --file x --file y test", "build -", "build --color=always x=--dry-run", "common:lint build",
        "build version=a,b --jobs 3 channel=beta", "build --timeout=1h30m",
    ]

    @Test(arguments: lines)
    func bothReadTheLineAlike(line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        let full = try RunCommand.parse(words).parsed
        // What the table leaves to ArgumentParser is read alike by nature.
        if let fast = RunArguments(fast: words) { #expect(fast == full) }
    }

    /// The usual lines do not pay for ArgumentParser's tree.
    @Test(arguments: [
        "", "build", "build test version=1.0", "build -j 4", "build -j4", "build --jobs=4 --dry-run",
        "-f other.yaml build -q", "build --log-format json", "-C sub build -y",
    ])
    func theUsualLinesAreReadFast(line: String) {
        #expect(RunArguments(fast: line.split(separator: " ").map(String.init)) != nil)
    }

    /// Nothing that ArgumentParser refuses is accepted by the table.
    @Test(arguments: [
        "--nope", "build --nope", "build --jobs", "build -j", "build --dry-run=yes", "build --file --yes", "build -x",
        "build --job 4", "build --no-such=1", "build ---", "build -jq --file", "build --jobs=",
    ])
    func whatArgumentParserRefusesTheTableDoesNotTake(line: String) {
        let words = line.split(separator: " ").map(String.init)
        #expect(throws: (any Error).self) { try RunCommand.parse(words) }
        #expect(RunArguments(fast: words) == nil)
    }

    @Test func behindTheTerminatorEverythingIsAnArgument() {
        let parsed = RunArguments(fast: ["build", "-q", "--", "--jobs", "x=y", "--", "-v"])
        #expect(parsed?.words == ["build"])
        #expect(parsed?.flags == [.quiet])
        #expect(parsed?.arguments == ["--jobs", "x=y", "--", "-v"])
    }

    @Test func everyOptionOfTheTableIsOneOfTheCommand() throws {
        for option in RunOption.allCases {
            let words = ["--" + option.rawValue] + (option.valueName == nil ? [] : ["x"])
            let full = try RunCommand.parse(words).parsed
            #expect(RunArguments(fast: words) == full)
            #expect(full.options[option] != nil || full.flags.contains(option))
        }
    }
}
