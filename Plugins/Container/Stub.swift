enum ContainerStub {}
