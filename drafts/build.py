import json,sys
sys.path.insert(0,'drafts')
from findings import F
cells=[]
def md(id,text,*tags): cells.append(dict(cell_type="markdown",id=id,metadata={"tags":list(tags)} if tags else {},source=text.strip("\n")))
def code(id,text,*tags): cells.append(dict(cell_type="code",execution_count=None,id=id,metadata={"tags":list(tags)} if tags else {},outputs=[],source=text.strip("\n")))
IGN="nbval-ignore-output"
exec(open('drafts/cells.py').read())
def lines(s):
    out=s.split("\n"); return [x+"\n" for x in out[:-1]]+[out[-1]]
for c in cells: c["source"]=lines(c["source"])
import os
if "--fresh" not in sys.argv and os.path.exists('./notebooks/12_measuring_a_model.ipynb'):
    old={c["id"]:c for c in json.load(open('./notebooks/12_measuring_a_model.ipynb'))["cells"]}
    for c in cells:
        o=old.get(c["id"])
        if c["cell_type"]=="code" and o:
            if o["source"]==c["source"]: c["outputs"],c["execution_count"]=o["outputs"],o["execution_count"]
            else: print("CHANGED",c["id"])
        elif c["cell_type"]=="code": print("NEW",c["id"])
# key order as nbformat writes
nb=dict(cells=cells,metadata={"kernelspec":{"display_name":"Python 3 (ipykernel)","language":"python","name":"python3"},"language_info":{"name":"python"}},nbformat=4,nbformat_minor=5)
open('./notebooks/12_measuring_a_model.ipynb','w').write(json.dumps(nb,indent=1,ensure_ascii=False)+"\n")
import re
FOLDED = re.compile(r"<details>.*?</details>|```.*?```|\$\$.*?\$\$|<[^>]+>|^\s*\|.*$", re.S | re.M)
tot=0
for c in cells:
    if c["cell_type"]=="markdown": tot+=len(re.findall(r"\w[\w'’-]*", FOLDED.sub(" ","".join(c["source"]))))
    else:
        n=len(c["source"]); 
        if n>15: print("LONG",c["id"],n)
        for l in c["source"]:
            if len(l.rstrip("\n"))>100: print("WIDE",c["id"],l)
print("words",tot,"cells",len(cells))
