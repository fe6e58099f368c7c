using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Sessions;
using Broker.Sessions.Decisions;
using Broker.Settlement;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>
/// Random histories of commands from several handles, of connections that come, fail and go, and of work that ends in any way. Whatever
/// happens, each command is carried out at most once and answered once, in the order of its handle; one thing at a time is done; scopes and
/// epochs are kept; and in the end nobody waits.
/// </summary>
public sealed class HistoryProperties
{
    [Property(MaxTest = 400)]
    public Property Any_history_keeps_the_rules_and_leaves_nobody_waiting() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ArrayOf(150).ToArbitrary(), static moves =>
        {
            var history = new History(moves);
            history.Play();
            history.Finish();
        });

    private sealed class History
    {
        private static readonly HandleId[] Handles = [new(1), new(2), new(3)];
        private readonly Queue<int> _moves;
        private readonly Dictionary<HandleId, long> _sent = Handles.ToDictionary(handle => handle, _ => 0L);
        private readonly Dictionary<(HandleId, long), ISessionCommand> _commands = [];
        private readonly Dictionary<(HandleId, long), ISessionReply> _answers = [];
        private readonly Dictionary<HandleId, long> _lastAnswered = [];
        private readonly HashSet<(HandleId, long)> _started = [];
        private SessionState _state;
        private SessionWork? _work;
        private bool _settling;
        private bool _returning;
        private TimeSpan _now;

        internal History(int[] moves)
        {
            _moves = new(moves);
            var terms = new ConversationTerms
                { CommitRight = (CommitRight)(moves[0] % 2), SavepointPerCommand = moves[1] % 3 == 0, Isolation = moves[2] % 2 == 0
                    ? null
                    : Isolation.Serializable };
            _state = new(new(Guid.Empty), new("orders", "app"), Handles[0], terms,
                new(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10), 64, 16, 1 << 20, moves[3] % 2 == 0));
            foreach (var handle in Handles)
            {
                Feed(new SessionEvents.Joined(handle, null, null, ActorRefs.Nobody));
            }
        }

        internal void Play()
        {
            while (_moves.TryDequeue(out var move))
            {
                Move(move % 100, move / 100);
            }
        }

        /// <summary>Everything under way ends, and the owner leaves: whoever sent a command has its one answer.</summary>
        internal void Finish()
        {
            for (var i = 0; i < 1000 && Progress(0); i++)
            {
            }
            Feed(new SessionEvents.Left(Handles[0], null, "the test is over", 0));
            for (var i = 0; i < 1000 && Progress(0); i++)
            {
            }
            Assert.True(_state.IsOver, $"{_state.Phase}");
            Assert.Empty(_commands.Keys.Except(_answers.Keys));
            Assert.Empty(_answers.Keys.Except(_commands.Keys));
        }

        private void Move(int kind, int choice)
        {
            var handle = Handles[choice % Handles.Length];
            switch (kind)
            {
                case < 40: Send(handle, choice / 3); break;
                case < 80: Progress(choice); break;
                case < 84: Feed(new SessionEvents.CancelCame(handle, _sent[handle] - (choice % 2))); break;
                case < 88 when _commands.ContainsKey((handle, _sent[handle])): Repeat(handle); break;
                case < 91 when _state.Link == Link.Lent && !_returning:
                    Feed(new SessionEvents.LinkLost(new ConnectionLost(_state.Pool, "cut")));
                    break;
                case < 94:
                    _now += TimeSpan.FromSeconds(choice % 40);
                    Feed(SessionEvents.Tick.Instance);
                    break;
                case < 96 when handle != Handles[0]: Feed(new SessionEvents.Left(handle, null, "gone", 0)); break;
                case < 97: Feed(new SessionEvents.UnsentTold(handle, choice % 5)); break;
            }
        }

        private void Send(HandleId handle, int choice)
        {
            var sequence = _state.Find(handle) is null ? _sent[handle] : ++_sent[handle];
            var command = CommandOf(choice);
            var isNew = _state.Find(handle) is not null;
            if (isNew)
            {
                _commands.Add((handle, sequence), command);
            }
            // Some know the present epoch, some do not.
            var epoch = choice % 4 == 0 ? new Epoch(Math.Max(0, _state.Epoch.Number - 1)) : _state.Epoch;
            if (isNew)
            {
                Feed(new SessionEvents.CommandCame(new(_state.Id, handle, sequence, 0, epoch, command), ActorRefs.Nobody));
            }
        }

        private void Repeat(HandleId handle)
        {
            var name = (handle, _sent[handle]);
            var before = _answers.GetValueOrDefault(name);
            var decision = _state.On(new SessionEvents.CommandCame(new(_state.Id, handle, name.Item2, 0, _state.Epoch, _commands[name]),
                ActorRefs.Nobody), _now);
            var answer = Assert.Single(decision.Effects.OfType<SessionEffects.Answer>()).Reply.Reply;
            if (_state.Find(handle) is not null)
            {
                Assert.True(before is null ? answer is StillRunning : ReferenceEquals(answer, before) || answer is ReplyNotKept,
                    $"{before} then {answer}");
            }
            Assert.DoesNotContain(decision.Effects, effect => effect is SessionEffects.Run or SessionEffects.Acquire);
            _state = decision.State;
        }

        private static ISessionCommand CommandOf(int choice) => (choice % 12) switch
        {
            0 or 1 => new Execute(new("select 1")),
            2 => new Execute(new("delete from effects")),
            3 or 4 => new Flush([new StatementStep("public.effects", new("insert"))]),
            5 => new Commit([]),
            6 => new Commit([new StatementStep("public.effects", new("insert"))]),
            7 => Rollback.Instance,
            8 => new OpenScope(new((choice / 12 % 3) + 1), []),
            9 => new ReleaseScope(new((choice / 12 % 3) + 1), []),
            10 => new RollbackScope(new((choice / 12 % 3) + 1)),
            _ => choice % 2 == 0 ? new OpenCursor(new(1), new("select 1"), 2) : new FetchCursor(new(1), 2),
        };

        /// <summary>What is under way goes on by one step; false when nothing is.</summary>
        private bool Progress(int choice)
        {
            if (_work is { } work)
            {
                _work = null;
                Feed(new SessionEvents.WorkDone(ResultOf(work, choice)));
            }
            else if (_settling)
            {
                _settling = false;
                SettledOutcome outcome = (choice % 3) switch { 0 => new SettledOutcome.Committed(), 1 =>
                    new SettledOutcome.Aborted("x"), _ => new SettledOutcome.Unknown("x") };
                Feed(new SessionEvents.Settled(outcome, 1));
            }
            else if (_returning)
            {
                _returning = false;
                Feed(SessionEvents.LinkBack.Instance);
            }
            else if (_state.Link is Link.Asked or Link.Withdrawn)
            {
                Feed(choice % 5 == 4 ? new SessionEvents.LinkRefused(new PoolHeld(_state.Pool)) : SessionEvents.LinkLent.Instance);
            }
            else
            {
                return false;
            }
            return true;
        }

        private static WorkResult ResultOf(SessionWork work, int choice)
        {
            var failure = new StatementFailed("22012", "division by zero");
            WorkEnd[] ends = work switch
            {
                { AsUnit: true } => [WorkEnd.Done, WorkEnd.Done, WorkEnd.RolledBack, WorkEnd.Undone],
                { Commits: true } =>
                    [WorkEnd.Done, WorkEnd.Done, WorkEnd.Failed, WorkEnd.RolledBack, WorkEnd.InDoubt, WorkEnd.Lost,
                        WorkEnd.CommittedBefore],
                { Begins: true } => [WorkEnd.Done, WorkEnd.Done, WorkEnd.Done, WorkEnd.Failed, WorkEnd.NotBegun, WorkEnd.Lost],
                _ => [WorkEnd.Done, WorkEnd.Done, WorkEnd.Done, WorkEnd.Failed, WorkEnd.Undone, WorkEnd.Lost],
            };
            var end = ends[choice % ends.Length];
            return new(end) { Failure = end == WorkEnd.Done
                ? null
                : failure, Results = [.. work.Steps.Select(_ => new StepResult(1, RowSet.Empty))], TransactionId = 7 };
        }

        private void Feed(ISessionEvent happened)
        {
            var before = _state;
            var decision = _state.On(happened, _now);
            _state = decision.State;
            foreach (var effect in decision.Effects)
            {
                See(effect, before);
            }
            Assert.True(_state.Epoch.Number >= before.Epoch.Number);
            Assert.Equal(_work is not null, _state.Work is not null);
            Assert.Equal(_returning, _state.Link == Link.Returning);
            Assert.True(_state.Transaction is not { Failed: null } || _state.Link == Link.Lent || _state.Work is not null || _state.Link == Link.Returning || _settling, $"{_state.Phase} without a connection");
            Assert.True(_state.Transaction?.Scopes.Select(scope => scope.Handle).Distinct().Count() is null or 0 or 1);
        }

        private void See(ISessionEffect effect, SessionState before)
        {
            switch (effect)
            {
                case SessionEffects.Run run:
                    Assert.True(_work is null && !_settling && !_returning, "two things at a time");
                    _work = run.Work;
                    NoteStart();
                    break;
                case SessionEffects.GiveBack:
                    Assert.True(_work is null && !_returning, "a connection in use goes back");
                    _returning = true;
                    break;
                case SessionEffects.Settle: _settling = true; break;
                case SessionEffects.Answer answer: NoteAnswer(answer.Reply); break;
            }
        }

        private void NoteStart()
        {
            var running = _state.Running!;
            if (running.IsUpkeep)
            {
                return;
            }
            Assert.True(_started.Add((running.Handle, running.Sequence)), $"{running} is carried out again");
            if (running.Writes)
            {
                var others = _state.Moves.Where(move => move.Epoch.Number > running.Epoch.Number && move.By != running.Handle);
                Assert.Empty(others);
                Assert.True(_state.Transaction?.ScopesOwner is not { } owner || owner == running.Handle,
                    "a write in another handle's scope");
            }
            Assert.True(_state.Transaction?.Failed is null || running.Command is RollbackScope,
                $"{running.Command} in a failed transaction");
        }

        private void NoteAnswer(SessionAnswer answer)
        {
            var name = (answer.Handle, answer.Sequence);
            Assert.True(_answers.TryAdd(name, answer.Reply), $"{name} is answered twice");
            var cancelled = answer.Reply is CommandRefused { Failure: Cancelled or ConversationGone };
            Assert.True(cancelled || answer.Sequence > _lastAnswered.GetValueOrDefault(answer.Handle),
                $"{name} is answered out of its order");
            _lastAnswered[answer.Handle] = cancelled ? _lastAnswered.GetValueOrDefault(answer.Handle) : answer.Sequence;
        }
    }
}
