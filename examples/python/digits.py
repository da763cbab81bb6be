# %% [markdown]
# # Federated averaging on digits in memory
# A notebook as a program: run it whole, or cell by cell in an editor that knows `# %%`. NumPy holds the data, fedc trains on it where it lies.

# %%
from pathlib import Path

import h5py
import numpy as np

import fedc

examples = Path(__file__).resolve().parents[1]


def clients_of(path):
    """60 writers of digits, each a dict of arrays. From anywhere: here from a file that h5py reads."""
    with h5py.File(path) as file:
        return {id: {"pixels": group["pixels"][()], "label": group["label"][()]} for id, group in file["examples"].items()}


train, test = (clients_of(examples / "data" / f"digits_{part}.h5") for part in ("train", "test"))
print(f"{len(train)} writers with {sum(len(client['label']) for client in train.values())} digits, {len(test)} others to evaluate on")

# %% [markdown]
# Compiling takes the program's text or file. A wrong program is an exception that shows the line.

# %%
try:
    fedc.compile(source="fn main(x: f32@server) -> f32@server { x + y }", name="wrong.fed")
except fedc.CompileError as error:
    print(error)

program = fedc.compile(examples / "digits_softmax.fed", params={"batch": 10})
print("reads", ", ".join(map(str, program.features)))
print("trains", ", ".join(map(str, program.state)))

# %% [markdown]
# 20 rounds of 10 writers each. The state is a dict of arrays, the reports are numbers.

# %%
result = program.run(
    train,
    rounds=20,
    clients_per_round=10,
    eval_data=test,
    eval_every=5,
    params={"lr": 0.2},
    progress=lambda round: print(f"round {round.round:2}  accuracy {round.report['accuracy']:.3f}") if round.round % 5 == 0 else None,
    evaluated=lambda round: print(f"round {round.round:2}  accuracy {round.report['accuracy']:.3f} on other writers"),
)
print("weights", result.state["w"].shape, result.state["w"].dtype)

# %% [markdown]
# The model is an array like any other: NumPy computes the same accuracy of its own.

# %%
pixels = np.concatenate([client["pixels"] for client in test.values()]).reshape(-1, 784)
labels = np.concatenate([client["label"] for client in test.values()])
accuracy = np.mean(np.argmax((1 - pixels) @ result.state["w"] + result.state["b"], axis=1) == labels)
print(f"NumPy counts {accuracy:.4f}, fedc {result.evaluation['accuracy']:.4f}")
assert abs(accuracy - result.evaluation["accuracy"]) < 1e-3

# %% [markdown]
# Going on: rounds 21 to 30, with the bits that 30 rounds at once would have had. And a federation that is read client by client, when it is needed.

# %%
more = program.run(fedc.Federation(train, train.__getitem__), rounds=30, clients_per_round=10, state=result, params={"lr": 0.2})
print(f"round {more.last_round}  accuracy {more.report['accuracy']:.3f}; on other writers {program.evaluate(more, test).report['accuracy']:.3f}")
