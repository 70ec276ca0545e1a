enum HTTPStub {}
