import type { X509Certificate } from 'node:crypto';
import { toHex } from '../bytes.js';
import { tileWidth } from '../tiles.js';
import type { WitnessPolicy } from '../witness-policy.js';
import { Archive, type ByteSource } from './archive.js';
import { WriterChains } from './chains.js';
import { citedRecords } from './cited.js';
import { Closings } from './closings.js';
import { type Comparison, compareBundles, comparePinned } from './compare.js';
import { Disclosures } from './disclosure.js';
import { type Witnessing, examineEpochs } from './epochs.js';
import { type Claim, type ExitCode, type Finding, type Report, Unreadable, exitCodes } from './findings.js';
import { expectKnownFiles } from './files.js';
import { Gaps } from './gaps.js';
import { type Manifest, checkFileHashes, expectListedFiles, readManifest } from './manifest.js';
import {
  type OpenedLeaf,
  type Place,
  type VerifiedRecord,
  clockToleranceMs,
  isFinding,
  openLeaf,
  readRecord,
} from './record.js';
import { checkSignatures } from './signatures.js';
import { type Trust, readTrust } from './trust.js';
import { type Position, type TreeRange, readRange, walkTree } from './tree.js';

export interface VerifyOptions {
  /** Raw Ed25519 public key of the deployment's root, from outside the bundle. */
  readonly root?: Uint8Array;
  readonly compare?: ByteSource;
  /** A checkpoint of this log that was written down earlier. */
  readonly pinned?: string;
  /** The witnesses that must have cosigned, from outside the bundle. */
  readonly policy?: WitnessPolicy;
  /** Certificate of the RFC 3161 authority to believe, from outside the bundle. */
  readonly timestampAuthority?: X509Certificate;
  /** The bundle must have been made by then, ms. */
  readonly atMs?: number;
  /** Leaves the record signatures out: hashes, chains and closings only. The report says so. */
  readonly structureOnly?: boolean;
}

const findingsKept = 1_000;

/** Checks a bundle by its bytes alone. Never rejects for what a bundle holds. */
export async function verifyBundle(source: ByteSource, options: VerifyOptions): Promise<Report> {
  try {
    return await new Examination(new Archive(source), options).report();
  } catch (fault) {
    if (!(fault instanceof Unreadable)) throw fault;
    const finding = { code: fault.code, what: fault.message };
    return { exit: fault.code, claims: [{ name: 'INTACT', holds: false, what: fault.message }], findings: [finding] };
  }
}

/** A run of leaves whose signatures are being checked. */
interface Run {
  readonly leaves: readonly { readonly position: Position; readonly opened: OpenedLeaf | Finding | undefined }[];
  readonly verdicts: Promise<readonly boolean[]>;
}

class Examination {
  readonly #trust: Trust;
  readonly #manifest: Manifest;
  readonly #range: TreeRange;
  readonly #chains: WriterChains;
  readonly #closings: Closings;
  readonly #gaps: Gaps;
  readonly #disclosures: Disclosures;
  readonly #place: Place;
  readonly #treeFindings: Finding[] = [];
  readonly #recordFindings: Finding[] = [];
  #newest = 0;
  #read = 0;
  #cited = 0;

  constructor(
    private readonly archive: Archive,
    private readonly options: VerifyOptions,
  ) {
    this.#trust = readTrust(archive, options.root);
    this.#manifest = readManifest(archive, this.#trust);
    expectListedFiles(archive, this.#manifest);
    this.#range = readRange(archive, this.#trust, this.#manifest.created);
    expectSameRange(this.#manifest, this.#range);
    expectKnownFiles(archive, this.#range);
    this.#chains = new WriterChains(this.#range.from === 0);
    this.#closings = new Closings((leafHash) => this.#range.from > 0 || this.#chains.isAbsent(leafHash));
    this.#gaps = new Gaps(archive, this.#range.from, this.#range.to);
    this.#disclosures = new Disclosures(archive, this.#range);
    this.#place = {
      origin: this.#range.checkpoint.origin,
      tenant: this.#manifest.tenant,
      trust: this.#trust,
      checkSignatures: options.structureOnly !== true,
    };
  }

  async report(): Promise<Report> {
    await this.#walk();
    this.#readCited();
    const { size } = this.#range.checkpoint;
    const until = this.#range.to === size ? this.#manifest.created : this.#newest;
    const closing = this.#closings.finish(until, this.#chains.hasAbsent);
    const late = this.#timeOfBundle();
    const comparisons = this.#compare();
    const witnessing = examineEpochs(this.archive, this.#range, this.#trust, this.options);
    const findings = [
      ...this.#treeFindings,
      ...this.#recordFindings,
      ...this.#gaps.finish(),
      ...closing.findings,
      ...late,
      ...comparisons.flatMap((comparison) => comparison.findings),
      ...witnessing.findings,
      ...checkFileHashes(this.archive, this.#manifest),
    ].slice(0, findingsKept);
    const exit: ExitCode = findings[0]?.code ?? (this.#trust.isAnchored ? exitCodes.ok : exitCodes.unanchored);
    return { exit, findings, claims: this.#claims(findings, closing, comparisons, witnessing) };
  }

  /** While the signatures of one run are checked on other threads, the run before it is examined on this one. */
  async #walk(): Promise<void> {
    const tell = (finding: Finding) => void this.#treeFindings.push(finding);
    let before: Run | undefined;
    let positions: Position[] = [];
    for (const position of walkTree(this.archive, this.#range, tell)) {
      positions.push(position);
      if (positions.length < tileWidth) continue;
      const run = this.#begin(positions);
      positions = [];
      // oxlint-disable-next-line no-await-in-loop -- one run is examined while the next is checked, and no more are held
      if (before) await this.#examineRun(before);
      before = run;
    }
    if (before) await this.#examineRun(before);
    await this.#examineRun(this.#begin(positions));
  }

  #begin(positions: readonly Position[]): Run {
    const leaves = positions.map((position) => ({
      position,
      opened: position.leaf && openLeaf(position.leaf, position.index, this.#place),
    }));
    const signed = leaves.flatMap(({ opened }) =>
      opened && !isFinding(opened) ? [{ signed: opened.signed, publicKey: opened.writer.publicKey }] : [],
    );
    const verdicts = this.#place.checkSignatures ? checkSignatures(signed) : Promise.resolve(signed.map(() => true));
    return { leaves, verdicts };
  }

  async #examineRun({ leaves, verdicts }: Run): Promise<void> {
    const holds = (await verdicts).values();
    for (const { position, opened } of leaves) {
      const { index, leafHash, leaf, isOther } = position;
      const hex = toHex(leafHash);
      const isPresent = leaf !== undefined || isOther;
      for (const each of [this.#gaps, this.#disclosures]) {
        const fault = each.visit(index, isPresent);
        if (fault) this.#tell(fault);
      }
      if (isOther) {
        this.#tell({ code: exitCodes.payload, index, what: "the record's bytes are not those that the tree holds" });
      }
      const record =
        opened && !isFinding(opened)
          ? readRecord(opened, holds.next().value === true, index, hex, this.#place)
          : opened;
      if (!record || isFinding(record)) {
        this.#chains.skip(hex);
        if (record) this.#tell(record);
        continue;
      }
      this.#read += 1;
      this.#examine(record);
    }
  }

  #examine(record: VerifiedRecord): void {
    const fault =
      this.#chains.add(record) ??
      this.#closings.add(record) ??
      this.#timeFault(record) ??
      this.#disclosures.check(record);
    if (fault) this.#tell(fault);
    this.#gaps.note(record);
  }

  #readCited(): void {
    for (const record of citedRecords(this.archive, this.#range, this.#place)) {
      if (isFinding(record)) {
        this.#tell(record);
        continue;
      }
      this.#cited += 1;
      this.#gaps.note(record);
      const fault = this.#disclosures.check(record);
      if (fault) this.#tell(fault);
    }
    for (const finding of this.#disclosures.finish()) this.#tell(finding);
  }

  /** A record id carries its time (UUIDv7); the record, its id and its neighbours must tell one story. */
  #timeFault({ index, rid, ts, payload }: VerifiedRecord): Finding | undefined {
    const at = { code: exitCodes.time, index, record: rid };
    const idTime = Number.parseInt(rid.slice(0, 8) + rid.slice(9, 13), 16);
    if (Math.abs(idTime - ts) > clockToleranceMs && payload['late'] !== true) {
      return { ...at, what: 'its time and the time in its id differ by more than five minutes' };
    }
    if (ts < this.#newest - clockToleranceMs && payload['late'] !== true) {
      return { ...at, what: 'it is dated more than five minutes before a record that was there first' };
    }
    if (ts > this.#manifest.created + clockToleranceMs) return { ...at, what: 'it is dated after the bundle was made' };
    this.#newest = Math.max(this.#newest, ts);
    return undefined;
  }

  #timeOfBundle(): readonly Finding[] {
    const { atMs } = this.options;
    return atMs !== undefined && this.#manifest.created > atMs
      ? [{ code: exitCodes.time, what: 'the bundle was made after the time that was asked for' }]
      : [];
  }

  #compare(): readonly Comparison[] {
    const { compare, pinned } = this.options;
    const here = { archive: this.archive, range: this.#range };
    return [
      ...(compare ? [compareBundles(here, new Archive(compare), this.#trust, this.#manifest.created)] : []),
      ...(pinned === undefined ? [] : [comparePinned(this.archive, this.#range, pinned, this.#trust)]),
    ];
  }

  #tell(finding: Finding): void {
    if (this.#recordFindings.length < findingsKept) this.#recordFindings.push(finding);
  }

  #claims(
    findings: readonly Finding[],
    { open, closed }: { readonly open: number; readonly closed: number },
    comparisons: readonly Comparison[],
    witnessing: Witnessing,
  ): readonly Claim[] {
    const isIntact = findings.length === 0;
    const { from, to, checkpoint } = this.#range;
    const signed = this.options.structureOnly ? 'record signatures were NOT checked' : 'every signature holds';
    const pruned = this.#gaps.count('pruned');
    const withheld = this.#gaps.count('withheld');
    const { committed, opened } = this.#disclosures.share;
    const share = committed === 0 ? 0 : Math.floor((opened * 100) / committed);
    const claims: Claim[] = [
      {
        name: 'INTACT',
        holds: isIntact,
        what: isIntact ? `${this.#read + this.#cited} records; ${signed}` : (findings[0]?.what ?? ''),
      },
      {
        name: 'COMPLETE',
        holds: isIntact && to > from && withheld === 0,
        what:
          to > from
            ? `indices ${from} to ${to - 1} of ${checkpoint.size}; ${pruned} pruned by order, ${withheld} withheld`
            : 'a selection: inclusion is proven, completeness is not',
      },
      {
        name: 'CLOSED',
        holds: isIntact && to > from && !this.#chains.hasAbsent,
        what: `${closed} permits closed, ${open} still open${this.#chains.hasAbsent ? '; absent leaves may close them' : ''}`,
      },
      {
        name: 'DISCLOSED',
        holds: isIntact && opened > 0,
        what: `${share}% of ${committed} committed fields; ${this.#gaps.erasures} erasures on record`,
      },
      this.#trust.isAnchored
        ? { name: 'ANCHORED', holds: isIntact, what: 'in the root key that you brought' }
        : {
            name: 'UNANCHORED',
            holds: true,
            what: 'no root key was given: this proves only that the bundle agrees with itself',
          },
    ];
    return [...claims, ...witnessing.claims, ...comparisons.filter(({ what }) => what !== '').map(compared)];
  }
}

function compared({ what }: Comparison): Claim {
  return { name: 'CONSISTENT', holds: true, what };
}

function expectSameRange(manifest: Manifest, range: TreeRange): void {
  const { checkpoint, from, to } = range;
  const isSame = manifest.from === from && manifest.to === to && manifest.size === checkpoint.size;
  if (!isSame || manifest.origin !== checkpoint.origin) {
    throw new Unreadable(exitCodes.format, 'the manifest, the range and the checkpoint do not speak of the same log');
  }
}
