enum OpsRegistryStub {}
