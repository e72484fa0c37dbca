import { readFileSync } from 'node:fs';
import { statementSigner } from '@writ/ledger';
import { s3Bucket, type ObjectStore } from '@writ/s3';
import { JobFailed, type JobHandler } from '../jobs/runtime.js';
import { privateKeyIn } from '../keys.js';
import type { WorkerSettings } from '../settings.js';
import { type ExportParts, exportJob } from './export-job.js';

/** Exports as this worker is set up for them; one without a folder or keys says so in each job. */
export function exportHandler(
  settings: WorkerSettings,
  parts: Omit<ExportParts, 'signer' | 'keyset' | 'policy' | 'folder' | 'bucket'>,
): JobHandler {
  const { exportFolder: folder, exportKeyFile, keysetFile, witnessPolicyFile } = settings;
  if (folder === undefined || exportKeyFile === undefined || keysetFile === undefined)
    return () => {
      const what =
        'exports need WRIT_EXPORT_FOLDER, WRIT_EXPORT_KEY_FILE and WRIT_KEYSET_FILE; the operators must set them';
      return Promise.reject(new JobFailed(what));
    };
  const signer = statementSigner(privateKeyIn(exportKeyFile));
  const policy = witnessPolicyFile === undefined ? undefined : readFileSync(witnessPolicyFile);
  return exportJob({ ...parts, signer, keyset: readFileSync(keysetFile), policy, folder, bucket: bucketOf(settings) });
}

function bucketOf(settings: WorkerSettings): ObjectStore | undefined {
  const { exportBucket, exportEndpoint = '', exportRegion, exportAccessKeyId = '', exportSecretFile } = settings;
  if (exportBucket === undefined) return undefined;
  const opened = s3Bucket({
    endpoint: exportEndpoint,
    region: exportRegion,
    bucket: exportBucket,
    accessKeyId: exportAccessKeyId,
    secretAccessKey: exportSecretFile === undefined ? '' : readFileSync(exportSecretFile, 'utf8').trim(),
    allowHosts: settings.egressAllowHosts,
  });
  if (!opened.ok) throw new Error(`the export bucket cannot be opened: ${opened.error}`);
  return opened.value;
}
