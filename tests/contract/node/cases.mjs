// Makes every call of a list twice, at the vendor and through the gateway, and tells what came of it.
//
// Standard input:  [{ name, api, direct: {baseURL, apiKey, model} | null, through: {...}, body }]
// Standard output: { name: { direct: outcome | null, through: outcome } },
//                  outcome = { got: [...], error: null | { name, status, code, param, message } }

import OpenAI from "openai";

const text = await new Response(process.stdin).text();
const results = {};
for (const { name, api, direct, through, body } of JSON.parse(text)) {
  results[name] = {
    direct: direct && (await outcome(api, direct, body)),
    through: await outcome(api, through, body),
  };
}
process.stdout.write(JSON.stringify(results));

async function outcome(api, { baseURL, apiKey, model }, body) {
  const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 20_000 });
  const got = [];
  try {
    await call(client, api, { ...body, model }, got);
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return { got, error: told(error) };
  }
  return { got, error: null };
}

async function call(client, api, body, got) {
  switch (api) {
    case "chat": {
      const answer = await client.chat.completions.create(body);
      if (!body.stream) got.push(answer);
      else for await (const chunk of answer) got.push(chunk);
      return;
    }
    case "embeddings":
      got.push(await client.embeddings.create(body));
      return;
    case "models":
      for await (const model of client.models.list()) got.push(model);
      return;
    case "model":
      got.push(await client.models.retrieve(body.model));
      return;
    default:
      throw new Error(`no api ${api}`);
  }
}

function told(error) {
  return {
    name: error.constructor.name,
    status: error.status ?? null,
    code: error.code ?? null,
    param: error.param ?? null,
    message: error.message,
    vendor: error.error?.message ?? null,
  };
}
