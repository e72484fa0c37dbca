/** Repeats an expectation about something that another process does, until it holds or five seconds have passed. */
export async function eventually(expectation: () => Promise<void> | void, deadlineMs = 5_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      // Each look depends on the one before it.
      // oxlint-disable-next-line no-await-in-loop
      await expectation();
      return;
    } catch (cause) {
      if (performance.now() > end) throw cause;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 10);
    // oxlint-disable-next-line no-await-in-loop
    await promise;
  }
}
