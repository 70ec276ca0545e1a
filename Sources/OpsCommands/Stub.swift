enum OpsCommandsStub {}
