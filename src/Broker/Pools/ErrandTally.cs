using System.Collections.Immutable;
using Akka.Event;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Errands;
using Broker.Statements;

namespace Broker.Pools;

/// <summary>
/// Counts, times, traces and logs what becomes of a pool's errands: each once, with its last answer. While nobody listens it costs a look
/// at whether anybody does. Owned by the pool's actor, except for <see cref="Answered"/>.
/// </summary>
internal sealed class ErrandTally
{
    private readonly PoolId _pool;
    private readonly PoolTelemetry _telemetry;
    private readonly LogSettings _logged;
    private readonly TracingOptions _tracing;
    private readonly TimeProvider _time;
    private readonly ILoggingAdapter _log;
    private readonly HashSet<ErrandId> _toldEarly = [];

    internal ErrandTally(PoolPlan plan, PoolTelemetry telemetry, ILoggingAdapter log)
    {
        (_pool, _logged, _tracing, _time) = (plan.Pool, plan.Log, plan.Tracing, plan.Time);
        (_telemetry, _log) = (telemetry, log);
    }

    /// <summary>A trip goes to its connection.</summary>
    internal void Sent(Trip trip)
    {
        if (!_telemetry.TimesErrands)
        {
            return;
        }
        foreach (var errand in trip.Members)
        {
            if (!errand.RunsAgain)
            {
                _telemetry.ErrandWaited(_time.GetElapsedTime(errand.Arrived));
            }
        }
    }

    /// <summary>A trip is over. Those whose outcome is in doubt are counted when it is settled.</summary>
    internal void Ended(ConnectionId connection, TripReport report, bool inDoubt)
    {
        RunAgain(report.RunAgain.Length);
        if (report.Elapsed == TimeSpan.Zero)
        {
            // Its connection was closing: nothing was sent.
            return;
        }
        _telemetry.TripEnded(report.Trip.Shape, report.Trip.Members.Length, report.Elapsed);
        if (_telemetry.TimesErrands || _toldEarly.Count > 0)
        {
            CountAnswers(report, inDoubt);
        }
        if (TripTraces.IsWatched(_tracing))
        {
            Trace(connection, report);
        }
        if (_log.IsDebugEnabled || report.Elapsed > _logged.SlowStatement)
        {
            Log(connection, report);
        }
    }

    /// <summary>Errands are run again, each alone.</summary>
    internal void RunAgain(int count)
    {
        if (count > 0)
        {
            _telemetry.ErrandsRerun(count);
        }
    }

    /// <summary>An errand on its way was told its end already; what becomes of it is not counted again.</summary>
    internal void ToldEarly(Errand errand, Failure failure)
    {
        Refused(errand, failure);
        _toldEarly.Add(errand.Request.Id);
    }

    /// <summary>An errand that did not run, or was lost, was refused.</summary>
    internal void Refused(Errand errand, Failure failure)
    {
        if (!_toldEarly.Remove(errand.Request.Id))
        {
            _telemetry.ErrandFailed(failure, _time.GetElapsedTime(errand.Arrived));
        }
    }

    /// <summary>An errand in doubt was told its outcome. May be called on any thread.</summary>
    internal void Answered(Errand errand, IBrokerReply reply)
    {
        var took = _time.GetElapsedTime(errand.Arrived);
        if (reply is Refused refused)
        {
            _telemetry.ErrandFailed(refused.Failure, took);
        }
        else
        {
            _telemetry.ErrandCompleted(took);
        }
    }

    private void CountAnswers(TripReport report, bool inDoubt)
    {
        foreach (var (errand, failure) in report.Refused)
        {
            Refused(errand, failure);
        }
        if (inDoubt)
        {
            return;
        }
        foreach (var errand in report.Trip.Members)
        {
            if (Has(report.RunAgain, errand) || report.Refused.Any(refused => refused.Errand.Request.Id == errand.Request.Id)
                || _toldEarly.Remove(errand.Request.Id))
            {
                continue;
            }
            _telemetry.ErrandCompleted(_time.GetElapsedTime(errand.Arrived));
        }
    }

    private static bool Has(ImmutableArray<Errand> errands, Errand one) => errands.Any(errand => errand.Request.Id == one.Request.Id);

    private void Trace(ConnectionId connection, TripReport report) => TripTraces.Tell(
        _pool, connection, report.Trip.Shape,
        [.. report.Trip.Members
            .Select(errand => new TracedErrand(errand.Request.TraceParent, errand.Text, errand.Arrived, errand.RunsAgain))],
        report.Elapsed, _time, _tracing);

    private void Log(ConnectionId connection, TripReport report)
    {
        var slow = report.Elapsed > _logged.SlowStatement;
        foreach (var errand in report.Trip.Members)
        {
            if (slow)
            {
                _log.Warning(
                    "Errand {Errand} of pool {Pool} was slow on {Connection}: {Elapsed} for {Members} statements, among them {Statement}",
                    errand.Request.Id, _pool, connection, report.Elapsed, report.Trip.Members.Length, NameOf(errand));
            }
            else
            {
                _log.Debug("Errand {Errand} of pool {Pool} travelled on {Connection}: {Statement}", errand.Request.Id, _pool, connection,
                    NameOf(errand));
            }
        }
    }

    /// <summary>The text where the settings allow it, else what is the same for all texts that differ in their literals.</summary>
    private string NameOf(Errand errand) => _logged.Statements
        ? errand.Text
        : Fingerprint.Of(errand.Text, Lexer.Significant(errand.Text)).ToString();
}
