import { api, array, arrayOf, bool, int16, int32, int8, string } from './schema.ts';

/**
 * Configs of topics and brokers.
 *
 * Versions: 1 source and synonyms (KIP-226) · 3 type and documentation (KIP-569) · 4 flexible.
 */
export const describeConfigs = api({
  key: 32,
  name: 'DescribeConfigs',
  versions: '1-4',
  flexible: '4+',
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: arrayOf(string(), { nullable: '0+' }),
    }),
    includeSynonyms: bool(),
    includeDocumentation: bool({ versions: '3+' }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string({ nullable: '0+' }),
        readOnly: bool(),
        configSource: int8({ default: -1 }),
        isSensitive: bool(),
        synonyms: array({
          name: string(),
          value: string({ nullable: '0+' }),
          source: int8(),
        }),
        configType: int8({ versions: '3+' }),
        documentation: string({ versions: '3+', nullable: '3+' }),
      }),
    }),
  },
});
