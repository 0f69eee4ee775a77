import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import {
  BatchLedger,
  type ClaimedRun,
  resultFolder,
  SourceLogs,
  type StateName,
  type TableEnd,
  type Ticket,
} from '@penstock/control-plane';
import {
  type BatchRun,
  FailedForGood,
  isStateful,
  type PipelineDefinition,
  refusedRowsFile,
  removeUnfinished,
  RunFolder,
  tableTopics,
} from '@penstock/pipelines';
import { Config, KafkaClients } from '@penstock/platform';
import { Definitions } from '../definitions/definitions.ts';
import { AttemptLoggers } from './attempt-loggers.ts';
import { boundsOf } from './run-windows.ts';

/** A killed worker repeats about so much. */
const COMMIT_EVERY_MS = 1_000;

/** Sets up runs for who works on them, and keeps the folders of their states. */
@Injectable()
export class BatchRuns {
  readonly #ledger: BatchLedger;
  readonly #definitions: Definitions;
  readonly #kafka: KafkaClients;
  readonly #config: Config;
  readonly #logs: SourceLogs;
  readonly #loggers: AttemptLoggers;

  constructor(
    ledger: BatchLedger,
    definitions: Definitions,
    kafka: KafkaClients,
    config: Config,
    logs: SourceLogs,
    loggers: AttemptLoggers,
  ) {
    this.#ledger = ledger;
    this.#definitions = definitions;
    this.#kafka = kafka;
    this.#config = config;
    this.#logs = logs;
    this.#loggers = loggers;
  }

  /** Throws when the worker does not know the pipeline. */
  definitionOf(run: ClaimedRun): PipelineDefinition {
    const definition = this.#definitions.find(run.job);
    if (definition === null) {
      throw new Error(`the pipeline ${run.job} is not defined any more`);
    }
    return definition;
  }

  /**
   * A run for the holder of a claim. Null: what was made of it no longer holds, and it starts over.
   *
   * @throws FailedForGood when it can no longer begin with the state of before
   */
  async open(ticket: Ticket, run: ClaimedRun): Promise<BatchRun | null> {
    const definition = this.definitionOf(run);
    const base =
      run.definitionHash === definition.hash ? await this.#baseOf(run, definition) : null;
    if (base === null) {
      await this.#ledger.startOver(ticket, definition.hash);
      return null;
    }
    const parts = await this.#ledger.steps.parts(run.id);
    const tableEnds = await this.freezeTables(run);
    return {
      id: run.id,
      nominalAt: run.nominalAt,
      params: run.params,
      definition,
      kafka: this.#kafka,
      logger: this.#loggers.of(run),
      folder: new RunFolder(this.#stateFolder(run.job, { runId: run.id, ...run }), base.folder),
      refusedRowsFile: refusedRowsFile(join(this.#config.dataDir, 'state'), run.job),
      detached: run.detached,
      end: run.detached || run.isBackfill ? Number.POSITIVE_INFINITY : run.nominalAt,
      bounds: boundsOf(run),
      commitEveryMs: COMMIT_EVERY_MS,
      parts,
      tableEnds,
      deadLettersMax: definition.skipLimit + run.leftOut,
    };
  }

  /**
   * Where the tables of a run end: where they did when it was first asked, in its generation.
   *
   * @throws SourceTopicMissing when the topic of a table does not exist
   */
  async freezeTables(run: ClaimedRun): Promise<readonly TableEnd[]> {
    const known = new Set(run.tableEnds.map(({ topic }) => topic));
    const topics = tableTopics(this.definitionOf(run)).filter((topic) => !known.has(topic));
    if (topics.length === 0) return run.tableEnds;
    const logs = await this.#logs.read(topics);
    return this.#ledger.steps.freezeTables(
      run,
      logs.map(({ topic, partition, endOffset }) => ({ topic, partition, endOffset })),
    );
  }

  resultFolder(run: ClaimedRun): string {
    return resultFolder(this.#config.dataDir, run.id, run.generation);
  }

  /** Before the first run: removes what workers that were killed had half written. */
  async removeUnfinished(): Promise<void> {
    for (const folder of ['results', 'state']) {
      await removeUnfinished(join(this.#config.dataDir, folder));
    }
  }

  /** Removes what a run that succeeded leaves behind, and states that no run needs any more. */
  async tidyUp(run: ClaimedRun, { folder }: BatchRun): Promise<void> {
    await folder.removeMade();
    const parent = join(this.#config.dataDir, 'state', run.job, 'runs');
    await mkdir(parent, { recursive: true });
    const kept = new Set((await this.#ledger.states.kept(run.job)).map(folderName));
    for (const name of await readdir(parent)) {
      if (!kept.has(name)) await rm(join(parent, name), { recursive: true, force: true });
    }
  }

  /** Null: the run has to start over from another one. */
  async #baseOf(
    run: ClaimedRun,
    definition: PipelineDefinition,
  ): Promise<{ readonly folder: string | null } | null> {
    const goesOn = run.windowKind === 'contiguous' && !run.detached && !run.isBackfill;
    if (!goesOn || !isStateful(definition)) {
      return { folder: null };
    }
    const found = await this.#ledger.states.find(run);
    switch (found.kind) {
      case 'changed':
        return null;
      case 'superseded':
        throw new FailedForGood(
          `run ${found.by} has gone on from the state that this run left: only the newest run ` +
            'can be made anew; run the offsets of this one by hand to see them again',
        );
      case 'base':
        return { folder: found.base === null ? null : this.#stateFolder(run.job, found.base) };
    }
  }

  #stateFolder(job: string, state: StateName): string {
    return join(this.#config.dataDir, 'state', job, 'runs', folderName(state));
  }
}

function folderName({ runId, generation }: StateName): string {
  return `${runId}-${generation}`;
}
