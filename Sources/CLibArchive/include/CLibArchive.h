void clibarchive_stub(void);
