#!/usr/bin/env node
import { Command } from 'commander';
import { classifyCommand } from './classify.js';
import { exportsCommand } from './exports.js';
import { jobsCommand } from './jobs.js';
import { policyCommand } from './policy.js';
import { cellCommand } from './cell.js';
import { idpCommand } from './idp.js';
import { initCommand, loginCommand } from './init.js';
import { migrateCommand } from './migrate.js';
import { tenantCommand } from './tenant.js';
import { usageCommand } from './usage.js';
import { verifyCommand } from './verify.js';
import { witnessCommand } from './witness.js';

const writ = new Command('writ').description('the command line of Writ').version('0.1.0').showHelpAfterError();
for (const command of [
  verifyCommand(),
  witnessCommand(),
  policyCommand(),
  classifyCommand(),
  initCommand(),
  loginCommand(),
  tenantCommand(),
  usageCommand(),
  idpCommand(),
  migrateCommand(),
  cellCommand(),
  jobsCommand(),
  exportsCommand(),
])
  writ.addCommand(command);
await writ.parseAsync();
