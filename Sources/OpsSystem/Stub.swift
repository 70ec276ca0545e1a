enum OpsSystemStub {}
