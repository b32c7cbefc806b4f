#!/usr/bin/perl
# What must stay secret is nowhere to be found: not in the database, not in
# its log, not in a log file, not in a temporary file.

use strict;
use warnings;
use File::Find qw(find);
use MIME::Base64 qw(encode_base64);
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_send
    fcgi_record);
use Strongroom::Json qw(decode);

my $token = 'canary' . join '', map { ('a' .. 'z', 0 .. 9)[rand 36] } 1 .. 30;

# Every file below the house that holds one of these, in clear or encoded.
sub hits {
	my ($house, @secrets) = @_;
	my @needles = map {
		my $base64 = substr encode_base64($_, ''), 4, 24;
		($_, unpack('H*', $_), uc unpack('H*', $_), $base64,
		    scalar reverse $_);
	} @secrets;
	my @hits;
	my $files = 0;
	find({ no_chdir => 1, wanted => sub {
		return if !-f $_ || -l $_ || /\/mine\z/;
		$files++;
		my $bytes = slurp($_);
		for my $needle (@needles) {
			push @hits, $_ if index($bytes, $needle) >= 0;
		}
	} }, $house->{top});
	cmp_ok($files, '>', 5, 'there are files to search');
	return join ' ', @hits;
}

for my $level (qw(debug info)) {
	my $house = house(conf => { log_level => $level });
	my $worker = $house->worker(via => 'spawn-fcgi');
	my $front = $house->nginx;
	my $key = $house->key;
	my $second = $house->key('second');
	my $imported = "imported-key-$token";
	$house->admin_ok(qw(key import --user imported), { stdin => $imported });
	my @keys = map { substr $_, 13, 43 } $key, $second;

	my $auth = "{\"access_token\":\"$token\",\"code\":\"$token\"}";
	my $large = "{\"access_token\":\"$token\",\"more\":\""
	    . "$token " x 6000 . "\"}";
	cmp_ok(length $large, '>', 200_000, 'a large body');
	for my $door (qw(http fcgi cgi)) {
		saved_ok($house->$door(body => with_auth($auth)), "saved ($door)");
		saved_ok($house->$door(body => with_auth($large)),
		    "200 kB saved ($door)");
		saved_ok($house->$door(key => $imported,
		    body => with_auth($auth, '"unique_identifier":"u",')),
		    "first ($door)");
		saved_ok($house->$door(key => $imported,
		    body => with_auth($large, '"unique_identifier":"u",')),
		    "again ($door)");
		for my $case ([409, body => with_auth($auth,
		    '"unique_identifier":"u",') =~ s/jira/slack/r,
		    key => $imported],
		    [422, body => with_auth($large) =~ s/.\z//sr],
		    [422, body => with_auth($large, '"name":5,')
			=~ s/"name":"n",//r],
		    [422, body => with_auth("[\"$token\"]")],
		    [422, body => with_auth("{\"expires_at\":\"$token\"}")],
		    [422, body => with_auth($large), type => 'text/plain'],
		    [401, body => with_auth($large), key => "x$token"],
		    [401, body => with_auth($large), key => "$key,$token"],
		    [401, body => with_auth($large), key => undef],
		    [413, body => with_auth($large) . ' ' x 1_048_576],
		    [404, body => with_auth($large), path => '/x']) {
			my ($status, %request) = @$case;
			my $answer = $house->$door(%request);
			is($answer->{status}, $status, "a $status ($door)");
			unlike($answer->{body}, qr/\Q$token/,
			    "which repeats nothing ($door)");
			unlike($answer->{err} // '', qr/\Q$token/,
			    "and logs nothing ($door)");
		}
	}
	is($house->fcgi(body => with_auth($auth), length => 7)->{status}, 400,
	    'a lie about the length');
	my $sock = fcgi_connect($worker->{socket});
	fcgi_send($sock, fcgi_begin(0) . fcgi_params($house->fcgi_params_of(
	    body => with_auth($large))) . fcgi_record(5, substr $large, 0, 60_000));
	close $sock;
	$house->admin('check');
	$house->admin('integration', 'list');
	is(hits($house, $token, @keys), '', "$level: no hit while it runs");

	unlike(slurp("$front->{dir}/error.log"), qr/temporary file/,
	    "$level: nginx wrote no body to a file");
	is($house->stop_worker->{exit}, 0, 'the worker ends');
	is(hits($house, $token, @keys), '', "$level: no hit when it has ended");

	# The searching itself can find something, and the boxes hold it.
	spew("$house->{dir}/found", "x$token");
	isnt(hits($house, $token), '', 'a token in a file would be found');
	unlink "$house->{dir}/found";
	my ($id) = map { $_->{integration_id} } @{ $house->integrations };
	like($house->reveal($id), qr/\Q$token/, 'the box has it');

	# The length of a box says little.
	my %length = map { length($_->{box}) / 2 => 1 } $house->rows(
	    'SELECT hex(auth_data) AS box FROM integrations '
	    . 'WHERE auth_data IS NOT NULL');
	is(scalar(keys %length), 2, 'boxes have two lengths, large and small');
}
my $house = house();
my @boxes = map {
	$house->cgi(body => with_auth("{\"access_token\":\"" . 'x' x $_ . '"}'));
	($house->rows('SELECT hex(auth_data) AS box FROM integrations '
	    . 'ORDER BY id DESC LIMIT 1'))[0]{box};
} 1 .. 8;
my %length = map { length $_ => 1 } @boxes;
cmp_ok(scalar keys %length, '<=', 2, 'a box is padded before it is sealed');
my %box = map { $_ => 1 } @boxes, map {
	$house->cgi(body => with_auth('{"access_token":"same"}'));
	($house->rows('SELECT hex(auth_data) AS box FROM integrations '
	    . 'ORDER BY id DESC LIMIT 1'))[0]{box};
} 1, 2;
is(scalar keys %box, 10, 'the same credentials make another box each time');

finish();
