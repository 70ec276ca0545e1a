enum NotifyStub {}
