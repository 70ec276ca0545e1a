void csystem_stub(void);
