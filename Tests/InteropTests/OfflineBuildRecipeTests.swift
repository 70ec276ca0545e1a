import OpsCore
import OpsSystem
import TestKit
import Testing

/// `recipes/offline-build.yaml`, run with make: once with sources that build, once with those that look around.
@Suite struct OfflineBuildRecipeTests {
    @Test func sourcesAreBuiltAndHeld() throws {
        let project = try RecipeProject()
        try project.program.write(
            "tool-1.0/Makefile",
            """
            all:
            \tprintf '#!/bin/sh\\necho built\\n' > tool && chmod +x tool && ./tool
            look:
            \tcat "$(HOME)/.private"

            """)
        try project.program.write("../home/.private", "hidden\n")
        try need(["tar", "-czf", "recipes/tool.tar.gz", "tool-1.0"], in: project.folder)
        let words = ["-f", "recipes/offline-build.yaml", "build", "archive=recipes/tool.tar.gz"]
        for _ in 0..<2 {
            #expect(try project.program.run(["run", "--stream", "raw"] + words).text.hasSuffix("built\n"))
        }
        let result = try project.program.run(["run"] + words + ["target=look"])
        guard SandboxSupport.landlock > 0 else { return }
        #expect(result.status == 1)
        #expect(!result.text.contains("hidden"))
        #expect(result.text.contains("read .; write build; net none; exec build"), "\(result.text)")
    }
}
