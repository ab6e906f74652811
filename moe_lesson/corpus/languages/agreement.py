"""What all grammars ask of a Ref: how many, of which gender, in which person."""


def plurality(ref):
    """Tell whether a phrase is singular or plural: sg or pl.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> plurality(Ref("boat", form="num", count=3)), plurality(Ref("boat", form="num", count=1))
    ('pl', 'sg')

    Lesson 10.
    """
    return "pl" if ref.number == "pl" or ref.form == "num" and ref.count > 1 else "sg"


def kind_plurality(lex, noun):
    """Tell how a language counts a kind of thing: milk is sg, apples are pl.

    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> kind_plurality(lexicon("en"), "milk"), kind_plurality(lexicon("en"), "boat")
    ('sg', 'pl')

    Lesson 10.
    """
    return "sg" if lex.nouns[noun]["mass"] == "1" else "pl"


def gender_of(lex, ref):
    """Look up the gender of a noun, or of the person where the noun has none: m or f.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> from moe_lesson.corpus.languages.lexicon import lexicon
    >>> gender_of(lexicon("fr"), Ref("key")), gender_of(lexicon("fr"), Ref(gender="f"))
    ('f', 'f')

    Lesson 10.
    """
    return ref.noun and lex.nouns[ref.noun]["gender"] or ref.gender or "m"


def person_of(ref):
    """Name the person that a verb agrees with: 1s, 2s, 3s or 3p.

    >>> from moe_lesson.corpus.languages.abstract import Ref
    >>> person_of(Ref(person=1)), person_of(Ref("boat", number="pl"))
    ('1s', '3p')

    Lesson 10.
    """
    return f"{ref.person}s" if ref.person < 3 else f"3{plurality(ref)[0]}"
