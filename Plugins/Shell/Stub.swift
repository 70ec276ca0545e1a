enum ShellStub {}
