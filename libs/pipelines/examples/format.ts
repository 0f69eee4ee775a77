import { pipeline } from '@penstock/pipelines';

// Lines of text in place of JSON. A schema may be a function that throws.
export const definition = pipeline('lines')
  .from('log-lines', {
    format: 'text',
    schema: (line) => {
      if (typeof line !== 'string') throw new TypeError('a line is a text');
      return line;
    },
  })
  .map((line) => ({ words: line.split(' ').length }))
  .to('word-counts');

export const input = [{ value: Buffer.from('three short words') }];
export const output = [{ words: 3 }];
