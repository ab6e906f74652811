"""Settings of the balance lab, one for each remedy."""

from moe_lesson.lessons.lesson04.toy_layer import ToySettings

HOT = ToySettings(init=5.0)
EACH = {
    "plain": ToySettings(),
    "hot": HOT,
    "balance loss": ToySettings(aux=0.3),
    "noise": ToySettings(noise=1.0),
    "seats": ToySettings(capacity=1.0),
    "bias": ToySettings(bias_rate=0.02),
    "all": ToySettings(0.1, 2.0, 0.5, 1.25, 0.01, backwards=True),
}
