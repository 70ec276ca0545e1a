enum OpsHTTPStub {}
