"""What SQLAlchemy does in `broker-bench flush`.

Reads one request in JSON a line, answers each with one line of JSON. The server is the one that the environment names (PGHOST, PGPORT, ...).
Objects are mapped as the documentation shows; for each kind of work the driver's mode is the one that is fastest for it.
"""

import gc
import json
import sys
import threading
import time

import psycopg2
import sqlalchemy
from sqlalchemy import BigInteger, Column, Identity, Integer, Text, create_engine, select
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()


class Row(Base):
    __tablename__ = "bench_rows"
    id = Column(BigInteger, Identity(), primary_key=True)
    name = Column(Text, nullable=False)
    amount = Column(Integer, nullable=False)


class VersionedRow(Base):
    __tablename__ = "bench_versioned_rows"
    id = Column(BigInteger, Identity(), primary_key=True)
    name = Column(Text, nullable=False)
    amount = Column(Integer, nullable=False)
    version = Column(Integer, nullable=False)
    __mapper_args__ = {"version_id_col": version}


class Bench:
    def __init__(self, connections):
        settings = {"pool_size": connections, "max_overflow": 0, "pool_timeout": 60}
        # batches make many updates faster; the counts of rows that versions need come only without them
        self.batching = create_engine("postgresql+psycopg2://", executemany_mode="values_plus_batch", **settings)
        self.counting = create_engine("postgresql+psycopg2://", executemany_mode="values_only", **settings)
        self.run = None

    def prepare(self, work, rows):
        self.run = getattr(self, work.replace("-", "_"))(rows)
        gc.collect()

    def insert(self, rows):
        session = Session(self.batching)
        added = [Row(name=f"row {number}", amount=number) for number in range(1, rows + 1)]
        return lambda: self.commit(session, lambda: session.add_all(added))

    def update(self, _):
        return self.change(Session(self.batching), Row)

    def versioned_update(self, _):
        return self.change(Session(self.counting), VersionedRow)

    def delete(self, _):
        session = Session(self.batching)
        loaded = session.execute(select(Row)).scalars().all()

        def delete():
            for row in loaded:
                session.delete(row)

        return lambda: self.commit(session, delete)

    def change(self, session, kind):
        loaded = session.execute(select(kind)).scalars().all()

        def change():
            for row in loaded:
                row.name = "changed"
                row.amount += 1

        return lambda: self.commit(session, change)

    @staticmethod
    def commit(session, work):
        with session:
            work()
            session.commit()

    def one_row(self, sessions, seconds):
        """Closed loops, each with a session of its own for each row."""
        latencies = [[] for _ in range(sessions)]
        failed = []
        ready = threading.Barrier(sessions + 1)
        started = [0.0]

        def loop(seen):
            try:
                ready.wait()
                while True:
                    began = time.perf_counter()
                    if began - started[0] >= seconds:
                        return
                    session = Session(self.batching)
                    self.commit(session, lambda: session.add(Row(name="row", amount=len(seen))))
                    seen.append(time.perf_counter() - began)
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=loop, args=(seen,)) for seen in latencies]
        for thread in threads:
            thread.start()
        gc.collect()
        started[0] = time.perf_counter()
        ready.wait()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - started[0]
        if failed:
            raise failed[0]
        return {"seconds": took, "microseconds": [round(latency * 1e6) for seen in latencies for latency in seen]}


def answer(bench, request):
    kind = request["do"]
    if kind == "prepare":
        return bench.prepare(request["work"], request["rows"])
    if kind == "run":
        return bench.run()
    return bench.one_row(request["sessions"], request["seconds"])


def main():
    bench = Bench(int(sys.argv[1]))
    print(json.dumps({"sqlalchemy": sqlalchemy.__version__, "psycopg2": psycopg2.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(bench, json.loads(line)) or {}), flush=True)


main()
