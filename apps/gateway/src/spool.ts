import type { SnapshotPort } from '@writ/enforcement';
import { sealedFolder } from '@writ/platform';
import { OutcomeSpool } from '@writ/postgres';

/** The disk of this machine for outcomes that the ledger could not take in time; what a killed process left is taken over. */
export function outcomeSpool(
  folder: string,
  masterKey: Uint8Array,
  snapshots: SnapshotPort,
  onProblem: (problem: string) => void,
): OutcomeSpool {
  return new OutcomeSpool({
    folder: sealedFolder(folder, masterKey, 'late-outcomes'),
    pid: process.pid,
    isAlive,
    async logOf(tenant) {
      const current = await snapshots.current(tenant);
      return current.ok ? current.value.log : current.error.held?.log;
    },
    onProblem,
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    // EPERM: it lives, and is somebody else's.
    return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'EPERM';
  }
}
