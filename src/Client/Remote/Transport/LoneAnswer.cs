using System.Runtime.CompilerServices;

namespace Broker.Client.Remote.Transport;

/// <summary>A caller that waits for one answer.</summary>
internal interface IAnswered
{
    /// <summary>Tells it.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="here">Whether it goes on within this call; else on a thread of the pool.</param>
    void GoOn(object answer, bool here);
}

/// <summary>
/// The answer that came alone with what was read. Its caller goes on on the thread that read it, when that has nothing left to do and the
/// next read is under way: another need not be woken, and a caller that blocks keeps nobody from his answer. Of several that come together
/// all go on on threads of the pool, behind one another, so that what they ask next goes together too. Used by one reader, which reads on
/// on any thread.
/// </summary>
internal sealed class LoneAnswer
{
    private IAnswered? _caller;
    private object? _answer;
    private bool _several;

    /// <summary>Keeps it. False when it is not alone: then it is to be told, and so is the one that was kept before.</summary>
    public bool TryKeep(IAnswered caller, object answer)
    {
        if (_several || _caller is not null)
        {
            Tell();
            _several = true;
            return false;
        }

        (_caller, _answer) = (caller, answer);
        return true;
    }

    /// <summary>What is read next, to be awaited; if that takes a while, what is kept is told meanwhile.</summary>
    public Reading While(ValueTask<int> reading) => new(this, reading);

    /// <summary>Tells what is kept; its caller goes on elsewhere.</summary>
    public void Tell() => Take()?.GoOn(here: false);

    private Kept? Take()
    {
        Kept? kept = _caller is null ? null : new(_caller, _answer!);
        (_caller, _answer, _several) = (null, null, false);
        return kept;
    }

    private readonly record struct Kept(IAnswered Caller, object Answer)
    {
        internal void GoOn(bool here) => Caller.GoOn(Answer, here);
    }

    /// <summary>See <see cref="While"/>.</summary>
    public readonly struct Reading : ICriticalNotifyCompletion
    {
        private readonly LoneAnswer _lone;
        private readonly ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _reading;

        internal Reading(LoneAnswer lone, ValueTask<int> reading) => (_lone, _reading) = (lone, reading.ConfigureAwait(false).GetAwaiter());

        /// <summary>Whether there is no need to wait.</summary>
        public bool IsCompleted => _reading.IsCompleted;

        /// <summary>For the compiler.</summary>
        public Reading GetAwaiter() => this;

        /// <summary>How many bytes were read.</summary>
        public int GetResult()
        {
            // There was more to read at once, so this thread has other things to do.
            _lone.Tell();
#pragma warning disable VSTHRD002 // It is completed: only an awaiter is asked for its result.
            return _reading.GetResult();
#pragma warning restore VSTHRD002
        }

        /// <inheritdoc/>
        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        /// <inheritdoc/>
        public void UnsafeOnCompleted(Action continuation)
        {
            // When it is registered another thread may be reading already.
            var kept = _lone.Take();
            _reading.UnsafeOnCompleted(continuation);
            kept?.GoOn(here: true);
        }
    }
}
