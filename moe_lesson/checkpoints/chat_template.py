"""The chat template in Jinja, for programs that serve a model; ``text.chat`` is ours in Python."""

# Mixtral's version 1, for byte-level tokenizers: the text that ``chat.render`` writes. Programs
# find control tokens in the whole of it, so a message that spells one is refused, where
# ``chat_ids`` cuts it as text.
TEMPLATE = """\
{%- for mark in ('<unk>', '<s>', '</s>') if mark in messages|map(attribute='content')|join(' ') -%}
  {{- raise_exception('a message holds ' + mark + ', a control token') -}}
{%- endfor -%}
{%- set first = 1 if messages[0]['role'] == 'system' else 0 -%}
{{- '<s>' -}}
{%- for message in messages[first:] -%}
  {%- if message['role'] != ('user', 'assistant')[loop.index0 % 2] -%}
    {{- raise_exception('user and assistant must alternate, perhaps after one of system') -}}
  {%- elif message['role'] == 'assistant' -%}
    {{- ' ' + message['content'] + '</s>' -}}
  {%- else -%}
    {%- set told = messages[0]['content'] + '\\n\\n' if first and loop.first else '' -%}
    {{- ' [INST] ' + told + message['content'] + ' [/INST]' -}}
  {%- endif -%}
{%- else -%}
  {{- raise_exception('there is no message of a user') -}}
{%- endfor -%}
"""
