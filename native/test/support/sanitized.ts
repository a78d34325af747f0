/**
 * Imported first by scripts/test-sanitize.ts: the sanitizer's runtime is for this process, and programs that it starts shall not inherit it
 * (runFixture hands it on).
 */
delete process.env['LD_PRELOAD']
