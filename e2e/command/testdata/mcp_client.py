# Asks `cmemprof mcp` by the protocol's reference client: mcp_client.py PROGRAM ARGUMENTS..., calls on standard input, [NAME, {ARGUMENTS}] a line.
# Prints a line for each: {"tool", "is_error", "text", "answer"}. Each answer is held against the tool's own schema.
import asyncio
import json
import sys

import jsonschema
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main(program, *arguments):
    server = StdioServerParameters(command=program, args=list(arguments))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        hello = await session.initialize()
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        print(json.dumps({"tool": "", "text": hello.server_info.name + " " + ",".join(sorted(tools))}), flush=True)
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


asyncio.run(main(*sys.argv[1:]))
