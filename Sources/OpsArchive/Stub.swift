enum OpsArchiveStub {}
