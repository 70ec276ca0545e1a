import OpsCore
import TestKit
import Testing

/// What the executable links: `scripts/linkage` as the judge, and a program that it must refuse.
@Suite struct LinkageTests {
    @Test func theProgramLinksNoFullFoundation() throws {
        let result = try run([projectFolder + "/scripts/linkage", OpsProgram.path])
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
    }

    @Test func theJudgeSeesFullFoundation() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "main.swift", "import Foundation\nprint(Date().description, URL(fileURLWithPath: \"/\").path)\n")
        try need(["swiftc", "-o", folder.path + "/full", folder.path + "/main.swift"])
        let result = try run([projectFolder + "/scripts/linkage", folder.path + "/full"])
        #expect(result.status == 1)
        #expect(result.errorText.contains("full Foundation"))
    }
}
