import json, sys, re
from pathlib import Path
cells=[]
def md(id, text, tags=None):
    cells.append({"cell_type":"markdown","id":id,"metadata":{"tags":tags} if tags else {},"source":text.strip("\n")})
def code(id, text, tags=None):
    cells.append({"cell_type":"code","execution_count":None,"id":id,"metadata":{"tags":tags} if tags else {},"outputs":[],"source":text.strip("\n")})
IGN=["nbval-ignore-output"]
def exercise(name, func, args, prompt, hint, help, solution, module="checks"):
    md(f"{name}-prompt", prompt)
    code(f"{name}-stub", f"def {func}({args}):\n    ...", ["exercise"])
    code(f"{name}-check", f"{module}.{func}({func})", ["check"])
    md(f"{name}-hints", f"""<details><summary>Hint</summary>

{hint.strip()}

</details>
<details><summary>Help</summary>

{help.strip()}

</details>
<details><summary>Solution</summary>

```python
{solution.strip(chr(10))}
```

</details>""", ["solution"])

exec(Path("drafts/lesson13/cells.py").read_text())

nb={"cells":cells,"metadata":{"kernelspec":{"display_name":"Python 3 (ipykernel)","language":"python","name":"python3"},"language_info":{"name":"python"}},"nbformat":4,"nbformat_minor":5}
out=Path("./notebooks/13_inference_and_serving.ipynb")
if "--keep" in sys.argv and out.exists():
    old={c["id"]:c for c in json.loads(out.read_text())["cells"]}
    for c in cells:
        o=old.get(c["id"])
        if c["cell_type"]=="code" and o:
            src="".join(o["source"]) if isinstance(o["source"],list) else o["source"]
            if src!=c["source"]: print("changed code:",c["id"])
            c["outputs"]=o["outputs"]; c["execution_count"]=o["execution_count"]
def lines(s):
    parts=s.split("\n"); return [p+"\n" for p in parts[:-1]]+[parts[-1]] if s else []
for c in cells: c["source"]=lines(c["source"])
out.write_text(json.dumps(nb,indent=1,ensure_ascii=False)+"\n",encoding="utf-8")
FOLDED = re.compile(r"<details>.*?</details>|```.*?```|\$\$.*?\$\$|<[^>]+>|^\s*\|.*$", re.S | re.M)
total=0; run=0; ended=False
for c in cells:
    src="".join(c["source"])
    if c["cell_type"]=="markdown":
        n=len(re.findall(r"\w[\w'’-]*",FOLDED.sub(" ",src))); total+=n
        run+=n
        ended = ended or "## Summary" in src
        if src.startswith("# "): run=0
        if run>120 and not ended: print("run",run,c["id"])
    else:
        run=0
        if len(src.split("\n"))>15: print("long",c["id"],len(src.split("\n")))
        for l in src.split("\n"):
            if len(l)>100: print("wide",c["id"],l)
print("words",total,"cells",len(cells))
