enum OpsReportStub {}
