# What an answer of the service must be.

package Strongroom::Answer;

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Strongroom::Json qw(decode encode compact_fault);

our @EXPORT = qw(answer_is faults_are json_fault_is saved_ok error_is with_auth
    changes_pass SAVE);

use constant SAVE => '/api/v2/integrations/save';

sub _explain {
	my ($answer) = @_;
	my $body = $answer->{body};
	diag("status $answer->{status}: ", length $body > 2000
	    ? substr($body, 0, 2000) . '…' : $body);
	diag($answer->{err}) if length($answer->{err} // '');
	return 0;
}

sub _head_fault {
	my ($answer, $status) = @_;
	my $h = $answer->{headers};
	return "status is $answer->{status}, not $status"
	    if $answer->{status} != $status;
	return 'Content-Type is ' . ($h->{'content-type'} // 'absent')
	    if ($h->{'content-type'} // '') ne 'application/json';
	return 'Cache-Control is ' . ($h->{'cache-control'} // 'absent')
	    if ($h->{'cache-control'} // '') ne 'no-store';
	return 'no X-Request-Id'
	    if ($h->{'x-request-id'} // '') !~ /\A[!-~]{8,64}\z/;
	return '';
}

# The whole answer: status, the headers that all have, exactly this body.
sub answer_is {
	my ($answer, $status, $body, $name) = @_;
	my $fault = _head_fault($answer, $status);
	$fault ||= "body is not $body" if $answer->{body} ne $body;
	return ok(!$fault, $name) || (diag($fault), _explain($answer));
}

# faults_are($answer, [['name'] => 'field required' => 'value_error.missing'])
sub faults_are {
	my ($answer, $faults, $name) = @_;
	my @text = map {
		my ($loc, $msg, $type) = @$_;
		my $path = join ',', '"body"',
		    map { /\A[0-9]+\z/ ? $_ : encode($_) } @$loc;
		qq({"loc":[$path],"msg":"$msg","type":"$type"});
	} @$faults;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return answer_is($answer, 422,
	    '{"detail":[' . join(',', @text) . ']}', $name);
}

# A fault in the JSON text at this offset, or between these two.
sub json_fault_is {
	my ($answer, $offset, $name) = @_;
	my ($from, $to) = ref $offset ? @$offset : ($offset, $offset);
	my $fault = _head_fault($answer, 422);
	if (!$fault) {
		my ($at) = $answer->{body} =~ /\A\{"detail":\[\{"loc":\["body",(\d+)\],"msg":"[^"\\]+(?:\\.[^"\\]*)*","type":"value_error\.jsondecode"\}\]\}\z/;
		$fault = !defined $at ? 'no JSON fault'
		    : $at < $from || $at > $to
		    ? "fault at $at, not " . ($from == $to ? $from : "$from to $to") : '';
	}
	return ok(!$fault, $name) || (diag($fault), _explain($answer));
}

# A 200 in its published shape; what "data" holds, or an empty hash.
sub saved_ok {
	my ($answer, $name) = @_;
	my $fault = _head_fault($answer, 200)
	    || compact_fault($answer->{body});
	my $said = $fault ? {} : decode($answer->{body});
	$fault ||= 'not a success' if !$said->{success}
	    || defined $said->{error} || ref $said->{data} ne 'HASH';
	ok(!$fault, $name // 'saved') || (diag($fault), _explain($answer));
	return $fault ? {} : $said->{data};
}

# A failure of ours, in the envelope.
sub error_is {
	my ($answer, $status, $reason, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return answer_is($answer, $status, '{"success":false,"data":null,'
	    . '"error":"Failed to save integration: ' . $reason . '"}', $name);
}

# A save body that carries this text as its auth_data.
sub with_auth {
	my ($auth, $more) = @_;
	return '{"name":"n","integration_type":"jira",' . ($more // '')
	    . '"auth_data":' . $auth . '}';
}

# That a way to the service lets through what changes an integration: the
# methods, by a header where they do not pass, and the headers that go with
# them. send takes a request as the doors do.
sub changes_pass {
	my ($send, $way) = @_;
	my ($auth, $all) = ('{"access_token":"t"}', SAVE =~ s/save\z//r);
	my $answer = $send->(body => with_auth($auth));
	my $id = saved_ok($answer, "$way: a save")->{integration_id};
	my $tag = $answer->{headers}{etag};
	$answer = $send->(method => 'PATCH', path => "$all$id",
	    type => 'application/merge-patch+json', body => '{"name":"m"}',
	    headers => ['If-Match', $tag, 'Idempotency-Key', "k-$way"]);
	is($answer->{status}, 200, "$way: PATCH, with If-Match")
	    || _explain($answer);
	isnt($answer->{headers}{etag}, $tag, "$way: it has another ETag");
	my $again = $send->(method => 'PATCH', path => "$all$id",
	    body => '{"name":"m"}', headers => ['Idempotency-Key', "k-$way"]);
	is("$again->{body} " . ($again->{headers}{'idempotent-replayed'} // ''),
	    "$answer->{body} true", "$way: Idempotency-Key");
	answer_is($send->(method => 'PATCH', path => "$all$id",
	    body => '{"name":"x"}', headers => ['If-Match', $tag]), 412,
	    '{"detail":"Precondition Failed"}', "$way: an old ETag");
	$answer = $send->(path => "$all$id/refresh-lease", body => '');
	is($answer->{status}, 200, "$way: a lease") || _explain($answer);
	my ($lease) = $answer->{body} =~ /"lease_id":"(.*?)"/;
	is($send->(path => "$all$id/refresh-lease", body => '')
	    ->{headers}{'retry-after'}, 60, "$way: a second one has to wait");
	is($send->(method => 'POST', path => "$all$id", body => '{"auth_data":'
	    . '{"access_token":"t-2"}}', headers => ['Refresh-Lease', $lease,
	    'X-HTTP-Method-Override', 'PATCH'])->{status}, 200,
	    "$way: POST that is PATCH, with Refresh-Lease");
	my $get = $send->(method => 'GET', path => "$all$id", type => undef,
	    length => undef, headers => ['If-None-Match', '*', 'If-Match',
	    '"x"']);
	is($get->{status}, 200, "$way: a GET asks for no condition");
	is($send->(method => 'DELETE', path => "$all$id", type => undef,
	    length => undef)->{status}, 200, "$way: DELETE");
	$id = saved_ok($send->(body => with_auth($auth)), "$way: a save")
	    ->{integration_id};
	is($send->(path => "$all$id", body => '', headers =>
	    ['X-HTTP-Method-Override', 'DELETE'])->{status}, 200,
	    "$way: POST that is DELETE");
}

1;
