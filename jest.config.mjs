export default {
  testEnvironment: 'node',
  transform: {},
  testMatch: ['<rootDir>/dist/**/*.spec.js'],
  testTimeout: 60_000,
  coverageProvider: 'v8',
};
