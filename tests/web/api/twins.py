# ruff: noqa: E501
"""Every route of the pages beside its twin in the API, or beside the reason why it has none."""

_FORM = "a form: the API takes its values, and describes them"
_BROWSER = "belongs to a browser: how one signs in, and what it keeps"
_SECRET = "secrets of signing in are shown to people alone, after their password"
_TOKEN = "no token can make, show or end another"
_GUEST = "the secret in a guest's link takes the place of a token"
_PROGRAM = "is made for programs already"
_HELP = "words for people"
_RULES = "rules of the workspace are set by administrators in person"
_PERSON = "an act on a person's access or privacy, which an administrator does in person"
_FIGURES = "a chart for people, of counts that pages make"
_ASSET_FILE = "a file is looked at by the person who adds or opens it"
_SHARED = "a link for a guest is made by a person, who knows to whom it goes"
_IN_PERSON = "what one keeps from colleagues, or tells one, is said in person"
_NIGHTLY = "a job finds duplicates by itself after each import"
_LISTS = "the lists answer with the same rows, page by page"
_FILES = "a person looks a file through before it is applied; `dealkin import` applies it at once"

# One line a route: its method and address, and the operation below /api/v1 or the reason.
_TABLE = f"""
GET /                                             | GET /me
GET /accounts                                     | GET /accounts
POST /accounts                                    | POST /accounts
GET /accounts/new                                 | {_FORM}
GET /accounts/{{key}}                             | GET /accounts/{{key}}
POST /accounts/{{key}}/delete                     | DELETE /accounts/{{key}}
GET /accounts/{{key}}/edit                        | {_FORM}
POST /accounts/{{key}}/edit                       | PATCH /accounts/{{key}}
GET /accounts/{{key}}/paths                       | GET /accounts/{{key}}/paths
GET /administration/audit                         | GET /audit
GET /administration/company                       | {_RULES}
POST /administration/company                      | {_RULES}
GET /administration/deals                         | {_PERSON}
POST /administration/deals/{{key}}/confirmation   | {_PERSON}
POST /administration/deals/{{key}}/proposal       | {_PERSON}
POST /administration/deals/{{key}}/withdrawal     | {_PERSON}
GET /administration/fields                        | {_RULES}
POST /administration/fields                       | {_RULES}
GET /administration/invitations                   | {_FORM}
POST /administration/invitations                  | {_PERSON}
GET /administration/jobs                          | GET /jobs
POST /administration/jobs/backup                  | {_RULES}
POST /administration/jobs/reindex                 | {_RULES}
POST /administration/jobs/{{job_id}}/cancel       | {_RULES}
POST /administration/jobs/{{job_id}}/retry        | {_RULES}
GET /administration/members                       | GET /members
GET /administration/members/{{key}}               | GET /members/{{key}}
GET /administration/members/{{key}}/handover      | {_FORM}
POST /administration/members/{{key}}/handover     | {_PERSON}
POST /administration/members/{{key}}/handover/plan | {_PERSON}
POST /administration/members/{{key}}/link         | {_SECRET}
POST /administration/members/{{key}}/reactivate   | {_PERSON}
POST /administration/members/{{key}}/roles        | {_PERSON}
POST /administration/members/{{key}}/sign-out     | {_PERSON}
POST /administration/members/{{key}}/two-step     | {_PERSON}
POST /administration/members/{{key}}/unlock       | {_PERSON}
GET /administration/own-fields                    | GET /choices
POST /administration/own-fields                   | {_RULES}
GET /administration/own-fields/{{field_id}}       | {_FORM}
POST /administration/own-fields/{{field_id}}      | {_RULES}
POST /administration/own-fields/{{field_id}}/remove | {_RULES}
GET /administration/people/{{key}}/privacy        | {_PERSON}
POST /administration/people/{{key}}/privacy/corrections | {_PERSON}
POST /administration/people/{{key}}/privacy/erase | {_PERSON}
POST /administration/people/{{key}}/privacy/file  | {_PERSON}
POST /administration/people/{{key}}/privacy/hold  | {_PERSON}
POST /administration/people/{{key}}/privacy/link  | {_PERSON}
POST /administration/providers                    | {_RULES}
GET /administration/providers/new                 | {_FORM}
GET /administration/providers/{{key}}             | {_RULES}
POST /administration/providers/{{key}}            | {_RULES}
POST /administration/providers/{{key}}/remove     | {_RULES}
GET /administration/retention                     | {_RULES}
POST /administration/retention                    | {_RULES}
GET /administration/sign-in                       | {_RULES}
POST /administration/sign-in                      | {_RULES}
GET /administration/tokens                        | {_TOKEN}
POST /administration/tokens                       | {_TOKEN}
POST /administration/tokens/{{key}}/revoke        | {_TOKEN}
GET /administration/webhooks                      | {_RULES}
POST /administration/webhooks                     | {_RULES}
GET /administration/webhooks/new                  | {_FORM}
GET /administration/webhooks/{{endpoint_id}}      | {_RULES}
POST /administration/webhooks/{{endpoint_id}}     | {_RULES}
POST /administration/webhooks/{{endpoint_id}}/messages/{{message}}/replay | {_RULES}
POST /administration/webhooks/{{endpoint_id}}/remove | {_RULES}
POST /administration/webhooks/{{endpoint_id}}/replay | {_RULES}
POST /administration/webhooks/{{endpoint_id}}/resume | {_RULES}
POST /administration/webhooks/{{endpoint_id}}/rotate | {_SECRET}
POST /administration/webhooks/{{endpoint_id}}/stop | {_RULES}
POST /administration/webhooks/{{endpoint_id}}/test | {_RULES}
GET /advice                                       | GET /deals/{{key}}/similar
GET /api/docs                                     | {_HELP}
GET /api/v1/openapi.json                          | {_PROGRAM}
GET /availability                                 | GET /availability
POST /availability                                | PATCH /availability
GET /confirm/{{token}}                            | {_SECRET}
POST /confirm/{{token}}                           | {_SECRET}
GET /connections                                  | GET /connections
POST /connections/share                           | POST /connections/share
POST /connections/{{connection_id}}/add           | POST /connections/{{connection_id}}/add
POST /connections/{{connection_id}}/forget        | DELETE /connections/{{connection_id}}
POST /connections/{{connection_id}}/share         | POST /connections/{{connection_id}}/share
GET /deals                                        | GET /deals
POST /deals                                       | POST /deals
POST /deals/bulk                                  | PATCH /deals/{{key}}
GET /deals/new                                    | {_FORM}
GET /deals/new/account                            | GET /names
GET /deals/stages                                 | GET /choices
POST /deals/stages                                | {_RULES}
GET /deals/targets                                | GET /forecast
POST /deals/targets/currency                      | {_RULES}
POST /deals/targets/quotas                        | {_RULES}
POST /deals/targets/rates                         | {_RULES}
POST /deals/targets/rates/remove                  | {_RULES}
POST /deals/views                                 | {_BROWSER}
POST /deals/views/{{view_id}}/delete              | {_BROWSER}
POST /deals/views/{{view_id}}/edit                | {_BROWSER}
GET /deals/{{key}}                                | GET /deals/{{key}}
GET /deals/{{key}}/activity                       | GET /deals/{{key}}/timeline
POST /deals/{{key}}/activity                      | POST /deals/{{key}}/notes
POST /deals/{{key}}/activity/follow               | POST /deals/{{key}}/follow
GET /deals/{{key}}/activity/latest                | GET /deals/{{key}}/timeline
GET /deals/{{key}}/activity/mentions              | {_FORM}
GET /deals/{{key}}/activity/{{entry_id}}/edit     | {_FORM}
POST /deals/{{key}}/activity/{{entry_id}}/edit    | PATCH /deals/{{key}}/notes/{{entry_id}}
POST /deals/{{key}}/activity/{{entry_id}}/remove  | DELETE /deals/{{key}}/notes/{{entry_id}}
GET /deals/{{key}}/brief                          | GET /deals/{{key}}/brief
GET /deals/{{key}}/cells                          | GET /deals/{{key}}
GET /deals/{{key}}/cells/{{cell}}                 | {_FORM}
POST /deals/{{key}}/cells/{{cell}}                | PATCH /deals/{{key}}
POST /deals/{{key}}/delete                        | DELETE /deals/{{key}}
GET /deals/{{key}}/edit                           | {_FORM}
POST /deals/{{key}}/edit                          | PATCH /deals/{{key}}
GET /deals/{{key}}/experts                        | GET /deals/{{key}}/experts
POST /deals/{{key}}/experts/assign                | POST /deals/{{key}}/team/{{seat_id}}/fill
POST /deals/{{key}}/experts/seats                 | POST /deals/{{key}}/team
POST /deals/{{key}}/experts/seats/{{seat_id}}/accept | POST /deals/{{key}}/team/{{seat_id}}/accept
POST /deals/{{key}}/experts/seats/{{seat_id}}/ask | POST /deals/{{key}}/team/{{seat_id}}/ask
POST /deals/{{key}}/experts/seats/{{seat_id}}/decline | POST /deals/{{key}}/team/{{seat_id}}/decline
POST /deals/{{key}}/experts/seats/{{seat_id}}/fill | POST /deals/{{key}}/team/{{seat_id}}/fill
POST /deals/{{key}}/experts/seats/{{seat_id}}/free | POST /deals/{{key}}/team/{{seat_id}}/free
POST /deals/{{key}}/experts/seats/{{seat_id}}/remove | DELETE /deals/{{key}}/team/{{seat_id}}
POST /deals/{{key}}/experts/seats/{{seat_id}}/unask | POST /deals/{{key}}/team/{{seat_id}}/unask
POST /deals/{{key}}/invitations                   | POST /deals/{{key}}/invitations
POST /deals/{{key}}/invitations/{{person_key}}/remove | DELETE /deals/{{key}}/invitations/{{person_key}}
GET /deals/{{key}}/kin                            | GET /deals/{{key}}/similar
POST /deals/{{key}}/kin/{{kin_key}}/judgement     | POST /deals/{{key}}/similar/{{kin_key}}/judgement
POST /deals/{{key}}/line-items                    | POST /deals/{{key}}/line-items
POST /deals/{{key}}/line-items/{{item_id}}/remove | DELETE /deals/{{key}}/line-items/{{item_id}}
POST /deals/{{key}}/park                          | POST /deals/{{key}}/park
GET /deals/{{key}}/playbook                       | GET /deals/{{key}}/playbook
POST /deals/{{key}}/playbook/links                | {_SHARED}
POST /deals/{{key}}/playbook/links/{{link_id}}/end | {_SHARED}
POST /deals/{{key}}/playbook/uses                 | POST /deals/{{key}}/uses
POST /deals/{{key}}/playbook/uses/{{use_id}}/helped | POST /deals/{{key}}/uses/{{use_id}}/helped
POST /deals/{{key}}/playbook/uses/{{use_id}}/remove | DELETE /deals/{{key}}/uses/{{use_id}}
GET /deals/{{key}}/references                     | GET /deals/{{key}}/references
POST /deals/{{key}}/references                    | POST /deals/{{key}}/references
POST /deals/{{key}}/stage                         | POST /deals/{{key}}/stage
GET /deals/{{key}}/stakeholders                   | GET /deals/{{key}}/stakeholders
POST /deals/{{key}}/stakeholders                  | POST /deals/{{key}}/stakeholders
POST /deals/{{key}}/stakeholders/{{stakeholder_id}} | PATCH /deals/{{key}}/stakeholders/{{stakeholder_id}}
POST /deals/{{key}}/stakeholders/{{stakeholder_id}}/line | PATCH /deals/{{key}}/stakeholders/{{stakeholder_id}}
POST /deals/{{key}}/stakeholders/{{stakeholder_id}}/remove | DELETE /deals/{{key}}/stakeholders/{{stakeholder_id}}
GET /deals/{{key}}/suggestions                    | GET /deals/{{key}}/similar
GET /deals/{{key}}/suggestions/more               | GET /deals/{{key}}/experts
GET /deals/{{key}}/tasks                          | GET /deals/{{key}}/tasks
POST /deals/{{key}}/tasks                         | POST /deals/{{key}}/tasks
POST /deals/{{key}}/tasks/{{task_id}}/change      | PATCH /deals/{{key}}/tasks/{{task_id}}
POST /deals/{{key}}/tasks/{{task_id}}/done        | POST /deals/{{key}}/tasks/{{task_id}}/done
POST /deals/{{key}}/tasks/{{task_id}}/remove      | DELETE /deals/{{key}}/tasks/{{task_id}}
POST /deals/{{key}}/tasks/{{task_id}}/reopen      | POST /deals/{{key}}/tasks/{{task_id}}/reopen
POST /deals/{{key}}/wake                          | POST /deals/{{key}}/wake
GET /deleted                                      | GET /deleted
POST /deleted/{{revision_id}}/restore             | POST /deleted/{{revision_id}}/restore
POST /demo/sign-in                                | {_BROWSER}
POST /demo/tour                                   | {_BROWSER}
POST /drafts                                      | {_BROWSER}
POST /drafts/discard                              | {_BROWSER}
GET /duplicates                                   | GET /duplicates/{{kind}}
GET /duplicates/{{kind}}                          | GET /duplicates/{{kind}}
POST /duplicates/{{kind}}/look                    | {_NIGHTLY}
GET /duplicates/{{kind}}/{{one}}/{{other}}        | {_FORM}
POST /duplicates/{{kind}}/{{one}}/{{other}}       | POST /duplicates/{{kind}}/{{one}}/{{other}}
POST /duplicates/{{kind}}/{{one}}/{{other}}/distinct | POST /duplicates/{{kind}}/{{one}}/{{other}}/distinct
GET /experts                                      | GET /experts
POST /exports/{{name}}                            | {_LISTS}
GET /g/{{token}}                                  | {_GUEST}
POST /g/{{token}}/answer                          | {_GUEST}
POST /g/{{token}}/feedback                        | {_GUEST}
GET /g/{{token}}/invitation.ics                   | {_GUEST}
POST /g/{{token}}/pick                            | {_GUEST}
POST /g/{{token}}/terms                           | {_GUEST}
GET /health/live                                  | {_PROGRAM}
GET /health/ready                                 | {_PROGRAM}
GET /help                                         | {_HELP}
GET /help/{{area}}                                | {_HELP}
GET /imports                                      | GET /imports
POST /imports                                     | {_FILES}
POST /imports/sample                              | {_FILES}
GET /imports/{{run_id}}                           | GET /imports/{{run_id}}
POST /imports/{{run_id}}/answers                  | {_FILES}
GET /imports/{{run_id}}/errors/{{number}}         | {_FILES}
POST /imports/{{run_id}}/files/{{number}}         | {_FILES}
POST /imports/{{run_id}}/run                      | {_FILES}
POST /imports/{{run_id}}/undo                     | {_FILES}
GET /inbox                                        | GET /inbox
POST /inbox/done                                  | POST /inbox/done
POST /inbox/reopen                                | POST /inbox/reopen
GET /inbox/settings                               | {_FORM}
POST /inbox/settings                              | {_BROWSER}
POST /inbox/snooze                                | POST /inbox/snooze
POST /inbox/unfollow                              | POST /deals/{{key}}/follow
GET /insights                                     | {_FIGURES}
POST /insights/counts                             | {_BROWSER}
GET /insights/pipeline                            | {_FIGURES}
GET /introductions                                | GET /introductions
POST /introductions                               | POST /introductions
GET /introductions/new                            | {_FORM}
POST /introductions/{{key}}/answer                | POST /introductions/{{key}}/answer
POST /introductions/{{key}}/outcome               | POST /introductions/{{key}}/outcome
POST /introductions/{{key}}/withdraw              | POST /introductions/{{key}}/withdraw
GET /join/{{token}}                               | {_SECRET}
POST /join/{{token}}                              | {_SECRET}
GET /library                                      | GET /assets
POST /library                                     | POST /assets
GET /library/new                                  | {_FORM}
GET /library/{{key}}                              | GET /assets/{{key}}
POST /library/{{key}}/delete                      | DELETE /assets/{{key}}
GET /library/{{key}}/edit                         | {_FORM}
POST /library/{{key}}/edit                        | PATCH /assets/{{key}}
POST /library/{{key}}/files                       | {_ASSET_FILE}
GET /library/{{key}}/files/{{version}}            | {_ASSET_FILE}
POST /library/{{key}}/withdrawal                  | POST /assets/{{key}}/withdrawal
GET /live                                         | {_BROWSER}
GET /metrics                                      | {_PROGRAM}
GET /network                                      | {_IN_PERSON}
POST /network/matches/{{key}}/decline             | {_IN_PERSON}
POST /network/matches/{{key}}/offer               | {_IN_PERSON}
POST /network/searches                            | {_IN_PERSON}
POST /network/searches/{{key}}/withdraw           | {_IN_PERSON}
GET /own-data/{{token}}                           | {_GUEST}
POST /own-data/{{token}}                          | {_GUEST}
GET /people                                       | GET /people
POST /people                                      | POST /people
GET /people/new                                   | {_FORM}
GET /people/{{key}}                               | GET /people/{{key}}
POST /people/{{key}}/delete                       | DELETE /people/{{key}}
GET /people/{{key}}/edit                          | {_FORM}
POST /people/{{key}}/edit                         | PATCH /people/{{key}}
POST /people/{{key}}/education                    | POST /people/{{key}}/education
POST /people/{{key}}/employment                   | POST /people/{{key}}/employment
GET /people/{{key}}/facts/{{kind}}/{{fact_id}}    | {_FORM}
POST /people/{{key}}/facts/{{kind}}/{{fact_id}}   | PATCH /people/{{key}}/facts/{{kind}}/{{fact_id}}
POST /people/{{key}}/facts/{{kind}}/{{fact_id}}/remove | DELETE /people/{{key}}/facts/{{kind}}/{{fact_id}}
POST /people/{{key}}/keep-in-touch                | POST /people/{{key}}/keep-in-touch
POST /people/{{key}}/keep-in-touch/done           | POST /people/{{key}}/keep-in-touch/done
POST /people/{{key}}/keep-in-touch/later          | POST /people/{{key}}/keep-in-touch/later
POST /people/{{key}}/keep-in-touch/stop           | DELETE /people/{{key}}/keep-in-touch
POST /people/{{key}}/memberships                  | POST /people/{{key}}/memberships
GET /people/{{key}}/ties                          | GET /people/{{key}}/ties
POST /people/{{key}}/ties                         | POST /people/{{key}}/ties
POST /people/{{key}}/ties/{{tie_id}}/remove       | DELETE /people/{{key}}/ties/{{tie_id}}
POST /people/{{key}}/ties/{{tie_id}}/share        | POST /people/{{key}}/ties/{{tie_id}}/share
POST /people/{{key}}/ties/{{tie_id}}/wrong        | POST /people/{{key}}/ties/{{tie_id}}/wrong
POST /people/{{key}}/visibility                   | {_IN_PERSON}
POST /preferences                                 | {_BROWSER}
GET /references                                   | GET /references
GET /references/advocates                         | GET /advocates
POST /references/advocates                        | POST /advocates
GET /references/advocates/new                     | GET /people
GET /references/advocates/{{key}}                 | GET /advocates/{{key}}
POST /references/advocates/{{key}}/address        | POST /advocates/{{key}}/address
POST /references/advocates/{{key}}/asking         | POST /advocates/{{key}}/asking
POST /references/advocates/{{key}}/consent        | POST /advocates/{{key}}/consent
POST /references/advocates/{{key}}/employer       | POST /advocates/{{key}}/employer
POST /references/advocates/{{key}}/messages/{{message}} | POST /advocates/{{key}}/letters/{{message}}/sent
POST /references/advocates/{{key}}/terms          | POST /advocates/{{key}}/terms
POST /references/bulk                             | POST /references/{{key}}/steps/{{step}}
GET /references/influence                         | GET /influence
GET /references/policy                            | GET /references/policy
POST /references/policy                           | {_RULES}
GET /references/texts                             | {_RULES}
GET /references/texts/{{kind}}                    | {_RULES}
POST /references/texts/{{kind}}                   | {_RULES}
POST /references/texts/{{kind}}/standard          | {_RULES}
GET /references/{{key}}                           | GET /references/{{key}}
GET /references/{{key}}/emails/{{email}}          | GET /references/{{key}}/emails/{{email}}
POST /references/{{key}}/emails/{{email}}         | PATCH /references/{{key}}/emails/{{email}}
POST /references/{{key}}/emails/{{email}}/standard | DELETE /references/{{key}}/emails/{{email}}
POST /references/{{key}}/messages/{{message}}     | POST /references/{{key}}/letters/{{message}}/sent
POST /references/{{key}}/{{step}}                 | POST /references/{{key}}/steps/{{step}}
GET /search                                       | GET /search
GET /search/existing                              | GET /names
GET /search/names                                 | GET /names
GET /security                                     | {_SECRET}
POST /security/address                            | {_SECRET}
POST /security/passkeys                           | {_SECRET}
POST /security/passkeys/confirm                   | {_SECRET}
POST /security/passkeys/{{key}}/remove            | {_SECRET}
POST /security/password                           | {_SECRET}
POST /security/sessions                           | {_BROWSER}
GET /security/two-step                            | {_SECRET}
POST /security/two-step                           | {_SECRET}
POST /security/two-step/confirm                   | {_SECRET}
GET /shared/{{token}}                             | {_GUEST}
POST /shared/{{token}}                            | {_GUEST}
GET /sign-in                                      | {_BROWSER}
POST /sign-in                                     | {_BROWSER}
GET /sign-in/code                                 | {_BROWSER}
POST /sign-in/code                                | {_BROWSER}
GET /sign-in/forgotten                            | {_BROWSER}
POST /sign-in/forgotten                           | {_BROWSER}
POST /sign-in/passkey                             | {_BROWSER}
POST /sign-in/passkey/options                     | {_BROWSER}
GET /sign-in/with/{{key}}                         | {_BROWSER}
GET /sign-in/with/{{key}}/callback                | {_BROWSER}
POST /sign-out                                    | {_BROWSER}
GET /similar                                      | GET /similar
GET /staffing                                     | GET /staffing
POST /staffing/assign                             | POST /deals/{{key}}/team/{{seat_id}}/fill
GET /staffing/bus-factor                          | {_FIGURES}
GET /staffing/members                             | GET /staffing/members
GET /staffing/members/{{key}}                     | {_FORM}
POST /staffing/members/{{key}}                    | POST /staffing/members/{{key}}
GET /staffing/roles                               | GET /staffing/roles
POST /staffing/roles                              | {_RULES}
POST /staffing/roles/{{key}}/move                 | {_RULES}
POST /staffing/roles/{{key}}/remove               | {_RULES}
POST /staffing/roles/{{key}}/rename               | {_RULES}
GET /static/{{name}}                              | {_BROWSER}
GET /tokens                                       | {_TOKEN}
POST /tokens                                      | {_TOKEN}
POST /tokens/{{key}}/revoke                       | {_TOKEN}
"""
TWINS = dict((part.strip() for part in line.split("|")) for line in _TABLE.strip().splitlines())
