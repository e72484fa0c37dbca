export { verifyCommand } from './verify.js';
