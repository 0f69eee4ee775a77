import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { BatchAttemptsService, BatchResultsService } from '@penstock/control-plane';
import type { FastifyReply } from 'fastify';
import { RequestRefused } from '../http/http-problem.ts';

@ApiTags('batch')
@Controller('api/batch-runs')
export class BatchResultsController {
  readonly #results: BatchResultsService;
  readonly #attempts: BatchAttemptsService;

  constructor(results: BatchResultsService, attempts: BatchAttemptsService) {
    this.#results = results;
    this.#attempts = attempts;
  }

  @Get(':id/result')
  @ApiOperation({ summary: 'Downloads the result file of a batch run' })
  @ApiOkResponse({
    description: 'The file.',
    content: { 'text/csv': {}, 'application/x-ndjson': {} },
  })
  @ApiNotFoundResponse({ description: 'There is no such run, or it has no result file.' })
  async download(@Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const file = await this.#results.find(id);
    const size = file === null ? null : await sizeOf(file.path);
    if (file === null || size === null) {
      const detail = `There is no result file of a batch run "${id}".`;
      throw new RequestRefused({ status: 404, detail });
    }
    await reply
      .type(file.name.endsWith('.csv') ? 'text/csv; charset=utf-8' : 'application/x-ndjson')
      .header('content-disposition', `attachment; filename="${file.name}"`)
      .header('content-length', size)
      .header('cache-control', 'no-store')
      .send(createReadStream(file.path));
  }

  @Get(':id/attempts/:attempt/log')
  @ApiOperation({ summary: 'Downloads what an attempt at a batch run said of itself' })
  @ApiOkResponse({ description: 'A line per entry.', content: { 'text/plain': {} } })
  @ApiNotFoundResponse({ description: 'There is no such run, or no such attempt at it.' })
  async log(
    @Param('id') id: string,
    @Param('attempt') attempt: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const text = /^[1-9]\d{0,8}$/.test(attempt)
      ? await this.#attempts.text(id, Number(attempt))
      : null;
    if (text === null) {
      const detail = `There is no attempt "${attempt}" at a batch run "${id}".`;
      throw new RequestRefused({ status: 404, detail });
    }
    await reply
      .type('text/plain; charset=utf-8')
      .header('content-disposition', `attachment; filename="${id}-attempt-${attempt}.log"`)
      .header('cache-control', 'no-store')
      .send(text);
  }
}

/** Null when the file was removed by hand. */
async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}
