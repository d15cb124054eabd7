"""Lists OnRecord's tools for language models by the official client of the Model Context Protocol, and calls some.

    script/python examples/mcp_client.py http://127.0.0.1:8080
    script/python examples/mcp_client.py http://127.0.0.1:8080 match_text '{"text": "Did Peskov confirm that a meeting took place?"}'

Tools and their arguments may be repeated. With `--legacy` it shakes hands first, as clients of versions before 2026-07-28 do. A key for
what is not public comes from the environment variable ONRECORD_KEY.
"""

import argparse
import asyncio
import json
import os

from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("server")
arguments.add_argument("calls", nargs="*", metavar="TOOL JSON")
arguments.add_argument("--legacy", action="store_true")
asked = arguments.parse_intermixed_args()


async def main():
    key = os.environ.get("ONRECORD_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else None
    async with create_mcp_http_client(headers=headers) as http:
        transport = streamable_http_client(f"{asked.server}/mcp", http_client=http)
        async with Client(transport, mode="legacy" if asked.legacy else "auto") as client:
            print("protocol", client.session.protocol_version)
            if not asked.calls:
                for tool in (await client.list_tools()).tools:
                    print(f"{tool.name}({', '.join(tool.input_schema['properties'])}): {tool.title}")
            for name, given in zip(asked.calls[::2], asked.calls[1::2]):
                try:
                    result = await client.call_tool(name, json.loads(given))
                except MCPError as error:
                    print(name, "is refused:", error)
                    continue
                if result.is_error:
                    print(name, "fails:", result.content[0].text)
                else:
                    print(name, "answers:", json.dumps(result.structured_content, ensure_ascii=False))


asyncio.run(main())
