# Asks `cmemprof mcp` by the protocol's reference client: mcp_client.py PROGRAM ARGUMENTS..., calls on standard input, [NAME, {ARGUMENTS}] a line.
# Or a receiver's /mcp: mcp_client.py URL MODE [TOKEN]; MODE "auto" is the newest version, "legacy" one with initialize.
# Prints a line for each: {"tool", "is_error", "text", "answer"}. Each answer is held against the tool's own schema.
import asyncio
import json
import sys

import httpx2
import jsonschema
from mcp import ClientSession, StdioServerParameters
from mcp.client.client import Client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client


async def ask(session, hello):
    tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    print(json.dumps({"tool": "", "text": hello + " " + ",".join(sorted(tools))}), flush=True)
    for tool in tools.values():
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
    for line in sys.stdin:
        name, given = json.loads(line)
        jsonschema.validate(given, tools[name].input_schema)
        result = await session.call_tool(name, given)
        answer = result.structured_content
        if not result.is_error:
            jsonschema.validate(answer, tools[name].output_schema)
            assert json.loads(result.content[0].text) == answer
        print(json.dumps({"tool": name, "is_error": result.is_error, "text": result.content[0].text, "answer": answer}), flush=True)


async def by_http(url, mode, token=None):
    headers = {"Authorization": "Bearer " + token} if token else {}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            await ask(client, client.server_info.name + " " + client.protocol_version)


async def by_pipe(program, *arguments):
    server = StdioServerParameters(command=program, args=list(arguments))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        hello = await session.initialize()
        await ask(session, hello.server_info.name + " " + hello.protocol_version)


asyncio.run((by_http if sys.argv[1].startswith("http") else by_pipe)(*sys.argv[1:]))
