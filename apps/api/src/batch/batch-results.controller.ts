import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { BatchResultsService } from '@penstock/control-plane';
import type { FastifyReply } from 'fastify';
import { RequestRefused } from '../http/http-problem.ts';

@ApiTags('batch')
@Controller('api/batch-runs')
export class BatchResultsController {
  readonly #results: BatchResultsService;

  constructor(results: BatchResultsService) {
    this.#results = results;
  }

  @Get(':id/result')
  @ApiOperation({ summary: 'Downloads the result file of a batch run' })
  @ApiOkResponse({ description: 'The file.', content: { 'text/csv': {} } })
  @ApiNotFoundResponse({ description: 'There is no such run, or it has no result file.' })
  async download(@Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const file = await this.#results.find(id);
    const size = file === null ? null : await sizeOf(file.path);
    if (file === null || size === null) {
      const detail = `There is no result file of a batch run "${id}".`;
      throw new RequestRefused({ status: 404, detail });
    }
    await reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${file.name}"`)
      .header('content-length', size)
      .header('cache-control', 'no-store')
      .send(createReadStream(file.path));
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
