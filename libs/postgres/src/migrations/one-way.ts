/** Going back would drop evidence, budgets or published configuration. What is wrong is mended by a further migration. */
export function neverDown(): Promise<never> {
  return Promise.reject(
    new Error('this schema is never migrated back; write a further migration, or restore a backup'),
  );
}
